import type { ComponentChildren } from "preact";

interface Props {
  kind: "error" | "note";
  action?: { name: string; run: () => void } | undefined;
  children: ComponentChildren;
}

/** A sentence on its own, with what can be done about it. Errors are read out at once. */
export function Notice({ kind, action, children }: Props) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "error" ? "alert" : "status"}>
      <p>{children}</p>
      {action && (
        <button type="button" onClick={action.run}>
          {action.name}
        </button>
      )}
    </div>
  );
}
