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

/** `value` of a `kind` ("money", "percent", "ratio", "duration" or a count) as a person reads it. */
export function format(value, kind, currency) {
  if (value === null || value === undefined) return "—";
  if (kind === "money") return formatMoney(value, currency);
  if (kind === "percent") return `${grouped(value * 100, 1)}%`;
  if (kind === "ratio") return grouped(value, 2);
  if (kind === "duration") return `${grouped(value / 1000, 1)} s`;
  return formatNumber(value);
}
