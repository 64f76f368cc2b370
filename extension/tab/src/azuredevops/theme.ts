/** Whether the host's theme is light or dark; its colours themselves are variables that the SDK puts on the page. */

/** From now on the page's `color-scheme` is the theme's; without a theme it is the browser's. */
export function followTheme(): void {
  apply();
  window.addEventListener("themeApplied", apply);
}

function apply(): void {
  const colour = channels(getComputedStyle(document.body).backgroundColor);
  const themed = getComputedStyle(document.documentElement).getPropertyValue("--background-color").trim() !== "";
  document.documentElement.style.colorScheme = !themed || !colour ? "" : luminance(colour) < 0.5 ? "dark" : "light";
}

/** Of `rgb(255, 255, 255)`, 0 to 1; null for a colour that is written in another way. */
function channels(colour: string): number[] | null {
  const numbers = /^rgba?\(([^)]*)\)$/.exec(colour)?.[1]?.match(/[\d.]+/g)?.slice(0, 3);
  return numbers?.length === 3 ? numbers.map((number) => Number(number) / 255) : null;
}

/** As WCAG has it. */
function luminance(colour: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
