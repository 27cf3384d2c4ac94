/** Design tokens as the colours they are at this moment, for charts that draw on a canvas. */
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

/** The colour behind a token such as "accent". */
export function colour(token) {
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}

export const fontFamily = getComputedStyle(document.documentElement).fontFamily;
