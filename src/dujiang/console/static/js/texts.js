/** The page's own translations of the few texts that scripts show. */
const catalogue = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

export const locale = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

/** `text` in the reader's language. */
export const t = (text) => catalogue[text] ?? text;
