import { useLayoutEffect, useRef } from "preact/hooks";

/** What is opened begins at its top; whoever closes it is where they were before, with the focus on what they had chosen. */
export function useReturn(opened: string): void {
  const before = useRef<{ focused: Element | null; top: number } | null>(null);
  const last = useRef("");
  // Noted while the page still is as it was.
  if (opened && !last.current) before.current = { focused: document.activeElement, top: window.scrollY };
  useLayoutEffect(() => {
    if (opened && opened !== last.current) window.scrollTo(0, 0);
    if (!opened && last.current && before.current) {
      window.scrollTo(0, before.current.top);
      if (before.current.focused instanceof HTMLElement) before.current.focused.focus({ preventScroll: true });
    }
    last.current = opened;
  }, [opened]);
}
