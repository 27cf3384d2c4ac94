/** Numbers as foundation/money.py and console/formats.py write them; a browser test holds the two together. */
import { locale } from "./texts.js";

const grouped = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const STEPS = { zh: [[1e8, "亿"], [1e4, "万"]], en: [[1e9, "B"], [1e6, "M"], [1e4, "K"]] };

export function formatNumber(value) {
  const size = Math.abs(value);
  for (const [step, unit] of STEPS[locale]) {
    if (size >= step) {
      const scaled = value / (unit === "K" ? 1e3 : step);
      return grouped(scaled, Math.abs(scaled) < 10 ? 2 : 1) + unit;
    }
  }
  return Number.isInteger(value) || size >= 1000 ? grouped(value, 0) : grouped(value, 2);
}

export function formatMoney(minor, currency = "CNY") {
  const symbol = { CNY: "¥", USD: "$", EUR: "€" }[currency] ?? `${currency} `;
  const major = Math.abs(minor) / 100;
  return (minor < 0 ? "-" : "") + symbol + (major < 1000 ? grouped(major, 2) : formatNumber(major));
}

const SPANS = {
  zh: { s: (s) => `${s} 秒`, min: (m, s) => `${m} 分 ${s} 秒`, h: (h, m) => `${h} 小时 ${m} 分` },
  en: { s: (s) => `${s} s`, min: (m, s) => `${m} min ${s} s`, h: (h, m) => `${h} h ${m} min` },
};

/** A span of time in its two largest units; below a minute in seconds. */
export function formatDuration(milliseconds) {
  const words = SPANS[locale];
  if (milliseconds < 60_000) return words.s((milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0).replace(/\.0$/, ""));
  const [whole, unit] = milliseconds < 3_600_000 ? [Math.round(milliseconds / 1000), "min"] : [Math.round(milliseconds / 60_000), "h"];
  const large = Math.floor(whole / 60);
  return words[unit](unit === "h" ? grouped(large, 0) : large, whole % 60);
}

/** `value` of a `kind` ("money", "percent", "ratio", "duration" or a count) as a person reads it. */
export function format(value, kind, currency) {
  if (value === null || value === undefined) return "—";
  if (kind === "money") return formatMoney(value, currency);
  if (kind === "percent") return `${grouped(value * 100, 1)}%`;
  if (kind === "ratio") return grouped(value, 2);
  if (kind === "duration") return formatDuration(value);
  return formatNumber(value);
}
