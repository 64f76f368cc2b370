// The variables that Azure DevOps' themes give to extensions, under the names of azure-devops-ui. Palettes are triples.

const LIGHT = {
  "palette-primary": "0, 120, 212",
  "palette-primary-shade-30": "0, 69, 120",
  "palette-primary-tint-40": "239, 246, 252",
  "palette-error": "232, 17, 35",
  "palette-error-10": "203, 30, 47",
  "palette-warning": "214, 119, 0",
  "palette-neutral-100": "0, 0, 0",
  "palette-neutral-80": "51, 51, 51",
  "palette-neutral-60": "102, 102, 102",
  "palette-neutral-30": "166, 166, 166",
  "palette-neutral-20": "200, 200, 200",
  "palette-neutral-10": "218, 218, 218",
  "palette-neutral-8": "234, 234, 234",
  "palette-neutral-4": "244, 244, 244",
  "palette-neutral-2": "248, 248, 248",
  "palette-neutral-0": "255, 255, 255",
  "palette-black-alpha-0": "0, 0, 0, 0",
  "palette-black-alpha-4": "0, 0, 0, 0.04",
  "palette-black-alpha-10": "0, 0, 0, 0.10",
  "palette-black-alpha-20": "0, 0, 0, 0.20",
  "palette-black-alpha-60": "0, 0, 0, 0.60",
  "palette-black-alpha-80": "0, 0, 0, 0.80",
  "palette-black-alpha-100": "0, 0, 0, 1",
  "background-color": "rgba(255, 255, 255, 1)",
  "communication-foreground": "rgba(0, 90, 158, 1)",
  "communication-background": "rgba(0, 120, 212, 1)",
  "text-primary-color": "rgba(0, 0, 0, .9)",
  "text-secondary-color": "rgba(0, 0, 0, .55)",
  "text-disabled-color": "rgba(0, 0, 0, .38)",
  "border-subtle-color": "rgba(0, 0, 0, .08)",
  "callout-background-color": "rgba(255, 255, 255, 1)",
  "focus-border-color": "rgba(0, 120, 212, 1)",
  "status-error-foreground": "rgba(205, 74, 69, 1)",
  "status-success-foreground": "rgba(85, 163, 98, 1)",
  "status-warning-foreground": "rgba(214, 119, 0, 1)",
};

const DARK = {
  ...LIGHT,
  "palette-primary": "0, 120, 212",
  "palette-primary-shade-30": "98, 171, 245",
  "palette-primary-tint-40": "0, 49, 86",
  "palette-error": "241, 112, 123",
  "palette-error-10": "251, 170, 177",
  "palette-warning": "255, 185, 0",
  "palette-neutral-100": "255, 255, 255",
  "palette-neutral-80": "225, 225, 225",
  "palette-neutral-60": "166, 166, 166",
  "palette-neutral-30": "98, 98, 98",
  "palette-neutral-20": "76, 76, 76",
  "palette-neutral-10": "59, 59, 59",
  "palette-neutral-8": "51, 51, 51",
  "palette-neutral-4": "45, 45, 45",
  "palette-neutral-2": "39, 39, 39",
  "palette-neutral-0": "32, 31, 31",
  "palette-black-alpha-0": "255, 255, 255, 0",
  "palette-black-alpha-4": "255, 255, 255, 0.04",
  "palette-black-alpha-10": "255, 255, 255, 0.10",
  "palette-black-alpha-20": "255, 255, 255, 0.20",
  "palette-black-alpha-60": "255, 255, 255, 0.60",
  "palette-black-alpha-80": "255, 255, 255, 0.80",
  "palette-black-alpha-100": "255, 255, 255, 1",
  "background-color": "rgba(32, 31, 30, 1)",
  "communication-foreground": "rgba(98, 171, 245, 1)",
  "text-primary-color": "rgba(255, 255, 255, 1)",
  "text-secondary-color": "rgba(255, 255, 255, .7)",
  "text-disabled-color": "rgba(255, 255, 255, .5)",
  "border-subtle-color": "rgba(255, 255, 255, .12)",
  "callout-background-color": "rgba(41, 40, 39, 1)",
  "focus-border-color": "rgba(98, 171, 245, 1)",
};

const CONTRAST = {
  ...DARK,
  "palette-neutral-0": "0, 0, 0",
  "palette-neutral-10": "255, 255, 255",
  "palette-neutral-20": "255, 255, 255",
  "palette-neutral-60": "255, 255, 255",
  "background-color": "rgba(0, 0, 0, 1)",
  "communication-foreground": "rgba(255, 255, 0, 1)",
  "communication-background": "rgba(26, 235, 255, 1)",
  "text-secondary-color": "rgba(255, 255, 255, 1)",
  "text-disabled-color": "rgba(63, 242, 63, 1)",
  "border-subtle-color": "rgba(255, 255, 255, 1)",
  "callout-background-color": "rgba(0, 0, 0, 1)",
  "focus-border-color": "rgba(26, 235, 255, 1)",
};

const THEMES = { light: LIGHT, dark: DARK, contrast: CONTRAST };
const SYSTEM = matchMedia("(prefers-color-scheme: dark)");

/** The variables of the theme that is chosen on the page, or of the system's. */
export function themeData(chosen) {
  return THEMES[chosen] ?? (SYSTEM.matches ? DARK : LIGHT);
}

/** Let a person choose, beginning with `?theme=`; `changed` gets the variables of each theme that follows. */
export function offerThemes(select, changed) {
  select.value = new URLSearchParams(location.search).get("theme") ?? "";
  const tell = () => changed(themeData(select.value));
  select.addEventListener("change", tell);
  SYSTEM.addEventListener("change", tell);
}
