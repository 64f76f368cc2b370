import type { JSX } from "preact";
import type { ChainLink } from "../results/records";

/** From the data to the endpoint, as far as it is known. */
export function Chain({ links }: { links: readonly ChainLink[] }): JSX.Element {
  return (
    <ol class="chain" aria-label="How the model came to be">
      {links.map((link, index) => (
        <li key={index}>
          <span class="muted">{link.kind}</span>
          <b>{link.name}</b>
          <Facts facts={link.facts} />
        </li>
      ))}
    </ol>
  );
}

/** name → value, folded. */
export function Facts({ facts, title = "Details" }: { facts: Readonly<Record<string, string>>; title?: string }): JSX.Element | null {
  const all = Object.entries(facts);
  if (!all.length) return null;
  return (
    <details>
      <summary>{title}</summary>
      <dl>
        {all.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
