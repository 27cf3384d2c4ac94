/** Chart islands: every [data-chart] holds its data as JSON; the table beside it is the same data for everyone else. */
import { colour, fontFamily } from "./tokens.js";
import { format } from "./format.js";

const echarts = globalThis.echarts;
const charts = new Map();

function seriesColour(series) {
  return colour(series.slot ? `series-${series.slot}` : "accent");
}

/** Whether lines end so near each other that words at their ends would lie on each other; then a legend names them. */
function endsMeet(data) {
  const values = data.series.flatMap((series) => series.values.filter(Number.isFinite));
  const ends = data.series.map((series) => series.values.at(-1)).filter(Number.isFinite).sort((a, b) => a - b);
  const room = (Math.max(...values) - Math.min(...values)) * 0.08;
  return ends.some((end, place) => place > 0 && end - ends[place - 1] < room);
}

/** Names stand at the ends of lines where there are few and they have room; else a legend names them. */
function hasLegend(data) {
  if (data.series.length > 5 || data.series.some((series) => series.foretold)) return true;
  return data.series.length > 1 && (data.type === "bar" || nameRoom(data) > data.width / 4 || endsMeet(data));
}

/** The values of what is foretold at the labels where there are any: the line goes straight from one to the next. */
function known(values, series, data) {
  return series.foretold && data.type !== "bar" ? values.map((value, at) => [data.x[at], value]).filter(([, value]) => value !== null) : values;
}

function line(series, data, index) {
  const tint = seriesColour(series);
  const flags = index === 0 ? (data.flags ?? []) : [];
  const bounds = index === 0 ? (data.bounds ?? []) : [];
  return {
    name: series.name,
    type: data.type === "bar" ? "bar" : "line",
    stack: data.stacked ? "all" : undefined,
    data: known(series.values, series, data),
    showSymbol: series.values.length < 3,
    symbolSize: 5,
    lineStyle: { width: 2, color: tint, type: series.foretold ? "dashed" : "solid" },
    itemStyle: { color: tint, opacity: series.foretold && data.type === "bar" ? 0.45 : 1 },
    barMaxWidth: 28,
    emphasis: { focus: data.series.length > 1 ? "series" : "none" },
    endLabel: {
      show: data.series.length > 1 && !hasLegend(data),
      formatter: "{a}", color: tint, fontSize: 12, fontFamily, distance: 6,
    },
    labelLayout: { moveOverlap: "shiftY" },
    markLine: flags.length || bounds.length ? {
      silent: true, symbol: "none",
      lineStyle: { color: colour("line-strong"), type: "solid", width: 1 },
      label: { color: colour("secondary"), fontSize: 12, fontFamily, position: "end", rotate: 0, formatter: "{b}" },
      data: [
        ...flags.map((flag, place) => ({ name: short(flag.label), xAxis: flag.at, label: data.flagLabels[place] })),
        ...bounds.map((edge) => ({
          name: format(edge, data.unit, data.currency), yAxis: edge, lineStyle: { color: colour("warn"), type: "dashed" },
          label: { color: colour("warn"), position: "insideEndTop", distance: 2 },
        })),
      ],
    } : undefined,
  };
}

/** Pixels beside the chart for the longest name at the end of a line. */
function nameRoom(data) {
  return Math.min(160, 16 + Math.max(...data.series.map((series) => textWidth(series.name))));
}

/** Pixels of a text in charts; Chinese characters are about twice as wide. */
function textWidth(text) {
  return [...text].reduce((sum, one) => sum + (one > "\u2e80" ? 12 : 7), 0);
}

/** Flags stand on up to three rows above the chart, none on another; those that find no room keep their line alone. */
export function flagLabels(data, width) {
  const rows = [[], [], []];
  const found = (data.flags ?? []).map((flag) => {
    const at = data.x.indexOf(flag.at) / Math.max(data.x.length - 1, 1);
    const late = at > 0.6, size = textWidth(short(flag.label)) + 8, x = at * (width - 60) + 40;
    const [from, to] = late ? [x - size, x] : [x, x + size];
    const row = from < 0 || to > width ? -1 : rows.findIndex((taken) => taken.every(([start, end]) => to <= start || from >= end));
    if (row >= 0) rows[row].push([from, to]);
    return { row, align: late ? "right" : "left" };
  });
  const used = Math.max(0, ...found.map((one) => one.row + 1));
  return { used, labels: found.map((one) => ({ show: one.row >= 0, align: one.align, distance: 4 + 16 * (used - 1 - one.row) })) };
}

function short(label) {
  return label.length > 18 ? `${label.slice(0, 17)}…` : label;
}

function nameBefore(series) {
  return `${series.name} · ${series.then_name}`;
}

/** Each name once: what is foretold and the band of an interval go with the line of their name. */
function legendNames(data) {
  const names = data.series.map((series) => series.name);
  return [...new Set([...names, ...data.series.filter((series) => series.then?.length).map(nameBefore)])];
}

function comparison(series) {
  return {
    name: nameBefore(series),
    type: "line", data: series.then, showSymbol: false, silent: true, z: 1,
    lineStyle: { width: 1, type: "dashed", color: colour("faint") },
    itemStyle: { color: colour("faint") },
  };
}

/** The interval of a series as a band: its lower end unseen, and its width filled above it. */
function band(series, place, data) {
  const tint = seriesColour(series);
  const unseen = { type: "line", stack: `band ${place}`, stackStrategy: "all", silent: true, showSymbol: false, lineStyle: { opacity: 0 }, tooltip: { show: false }, z: 1 };
  const width = series.high.map((high, at) => (high === null || series.low[at] === null ? null : high - series.low[at]));
  return [
    { ...unseen, name: series.name, data: known(series.low, series, data) },
    { ...unseen, name: series.name, data: known(width, series, data), areaStyle: { color: tint, opacity: 0.16 } },
  ];
}

/** A share of 120% says nothing: where shares come near to 1, the axis ends there. */
function endsAtOne(data) {
  const highest = Math.max(...data.series.flatMap((series) => [...series.values, ...(series.then ?? [])]).filter(Number.isFinite));
  return highest > 0.8 && highest <= 1 && !data.stacked;
}

function options(data) {
  const ink = colour("ink"), secondary = colour("secondary"), rule = colour("line");
  const text = { color: secondary, fontFamily, fontSize: 12 };
  const isMany = hasLegend(data);
  const across = { type: "category", data: data.x, boundaryGap: data.type === "bar", axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: rule } }, axisTick: { show: false } };
  const up = { type: "value", axisLabel: { ...text, hideOverlap: true, formatter: (value) => format(value, data.unit, data.currency) }, splitLine: { lineStyle: { color: rule } }, splitNumber: 4, minInterval: data.unit === "count" ? 1 : undefined, min: data.unit === "percent" || data.type === "bar" ? 0 : undefined, ...(data.unit === "percent" && endsAtOne(data) ? { max: 1, interval: 0.25 } : {}) };
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: { fontFamily },
    grid: { left: 4, right: data.series.length > 1 && !isMany ? nameRoom(data) : 12, top: 12 + 16 * data.flagRows, bottom: isMany ? 40 : 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: isMany ? { data: legendNames(data), bottom: 0, type: "scroll", textStyle: text, icon: "roundRect", itemWidth: 10, itemHeight: 10, pageTextStyle: text } : undefined,
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, transitionDuration: 0,
      backgroundColor: colour("raised"), borderColor: rule, textStyle: { color: ink, fontFamily, fontSize: 12 },
      axisPointer: { lineStyle: { color: colour("line-strong") } },
      valueFormatter: (value) => format(value, data.unit, data.currency),
    },
    xAxis: data.lying ? up : across,
    yAxis: data.lying ? { ...across, inverse: true } : up,
    series: [
      ...data.series.map((series, index) => line(series, data, index)),
      ...data.series.filter((series) => series.then?.length).map(comparison),
      ...data.series.flatMap((series, place) => (series.low?.length ? band(series, place, data) : [])),
    ],
  };
}

function draw(box) {
  const data = { ...JSON.parse(box.querySelector("script").textContent), width: box.clientWidth || 640 };
  let canvas = box.querySelector(".canvas");
  if (!canvas) {
    canvas = document.createElement("div");
    canvas.className = "canvas chart";
    box.append(canvas);
  }
  canvas.style.height = `${box.clientHeight}px`;
  const { used, labels } = flagLabels(data, data.width);
  Object.assign(data, { flagRows: used, flagLabels: labels });
  const chart = charts.get(box) ?? echarts.init(canvas, null, { renderer: "canvas" });
  charts.set(box, chart);
  chart.resize();
  chart.setOption(options(data), true);
  box.dataset.drawn = "yes";
}

function toggle(card, what) {
  for (const button of card.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === what));
  card.querySelector("[data-chart]").hidden = what !== "chart";
  card.querySelector("[data-twin]").hidden = what !== "table";
  if (what === "chart") draw(card.querySelector("[data-chart]"));
}

export function drawAll(root = document) {
  for (const box of root.querySelectorAll("[data-chart]")) draw(box);
}

drawAll();
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (button) toggle(button.closest("[data-chart-card]"), button.dataset.show);
});
new ResizeObserver(() => charts.forEach((chart, box) => {
  if (box.clientWidth && box.clientWidth !== chart.getWidth()) draw(box);
})).observe(document.getElementById("main"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
