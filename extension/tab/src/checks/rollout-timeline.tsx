import type { JSX } from "preact";
import { Icon } from "../overview/icon";
import type { RolloutMove } from "../results/records";
import { durationWords } from "../wording";
import { coloursOf, deploymentsOf, hasShifted, pictureOf } from "./traffic";

interface Props {
  moves: readonly RolloutMove[];
  /** What each deployment serves. */
  deployments: Readonly<Record<string, string>>;
}

/** Who had how many of the requests, as a picture, and every move with its numbers below it. */
export function RolloutTimeline({ moves, deployments }: Props): JSX.Element {
  const names = [...new Set([...Object.keys(deployments), ...deploymentsOf(moves)])];
  const colours = coloursOf(names);
  return (
    <>
      <ul class="legend">
        {names.map((name) => (
          <li key={name}>
            <span class={`swatch ${colours.get(name)}`} /> {name}
            {deployments[name] && <span class="muted"> {deployments[name]}</span>}
          </li>
        ))}
      </ul>
      {hasShifted(moves) && <Shares moves={moves} colours={colours} />}
      <div class="wide" role="region" aria-label="Moves of the rollout" tabIndex={0}>
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Step</th>
              <th scope="col">Requests are answered by</th>
              <th scope="col" class="number">
                Errors
              </th>
              <th scope="col" class="number">
                p95
              </th>
              <th scope="col">Verdict</th>
            </tr>
          </thead>
          <tbody>
            {moves.map((move, index) => (
              <Move key={index} move={move} colours={colours} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** As wide as there is room: what is in it has no text, so that it may be drawn out. The table says the same. */
function Shares({ moves, colours }: { moves: readonly RolloutMove[]; colours: ReadonlyMap<string, string> }): JSX.Element {
  const { deployments, spans, marks } = pictureOf(moves);
  const first = moves[0]!;
  const begun = new Date(Date.parse(first.at) - first.duration * 1000).toISOString();
  return (
    <figure class="shares" aria-hidden="true">
      <div class="plot">
        <svg viewBox="0 0 1000 100" preserveAspectRatio="none">
          {spans.map(({ left, width, shares }, index) => {
            let above = 0;
            return shares.map((share, place) => {
              const top = above;
              above += share;
              const colour = colours.get(deployments[place]!);
              return <rect key={`${index} ${place}`} class={colour} x={left * 1000} y={top} width={width * 1000} height={share} />;
            });
          })}
        </svg>
        {marks.map(({ left, move }, index) => (
          <span key={index} class={move.good ? "mark" : "mark bad"} style={{ left: `${left * 100}%` }} />
        ))}
      </div>
      <figcaption>
        <Time at={begun} />
        <Time at={moves[moves.length - 1]!.at} />
      </figcaption>
    </figure>
  );
}

function Move({ move, colours }: { move: RolloutMove; colours: ReadonlyMap<string, string> }): JSX.Element {
  const kind = move.good ? "passed" : "failed";
  const shares = Object.entries(move.traffic);
  return (
    <tr class={move.good ? "" : "bad"}>
      <td class="number">
        <Time at={move.at} />
      </td>
      <th scope="row">
        {move.step}
        {move.duration >= 1 && <span class="muted took"> {durationWords(move.duration)}</span>}
      </th>
      <td class="traffic">
        <span class="bar" aria-hidden="true">
          {shares.map(([name, share]) => (
            <span key={name} class={colours.get(name)} style={{ width: `${share}%` }} />
          ))}
        </span>
        {shares.map(([name, share]) => `${name} ${share} %`).join(", ") || "nobody"}
      </td>
      <td class="number" data-label="errors ">{move.errorRate !== null && percent(move.errorRate, move.requests)}</td>
      <td class="number" data-label="p95 ">{move.p95 !== null && durationOf(move.p95)}</td>
      <td>
        <span class={`verdict ${kind}`}>
          <Icon kind={kind} /> {move.verdict}
        </span>
      </td>
    </tr>
  );
}

function Time({ at }: { at: string }): JSX.Element {
  const date = new Date(at);
  return (
    <time dateTime={at} title={date.toLocaleString()}>
      {date.toLocaleTimeString("en-GB")}
    </time>
  );
}

function percent(rate: number, requests: number): string {
  const words = `${(rate * 100).toLocaleString("en", { maximumFractionDigits: 1 })} %`;
  return requests ? `${words} of ${requests.toLocaleString("en")}` : words;
}

function durationOf(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : durationWords(seconds);
}
