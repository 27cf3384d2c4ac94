/** Where tiles lie on a grid: pure arithmetic, so that mouse and keyboard do the same. */
export const COLUMNS = 12;
export const LEAST = { width: 2, height: 1 };
export const MOST = { height: 12, rows: 60 };

const covers = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** The tile within the grid. */
export function within(tile) {
  const width = clamp(tile.width, LEAST.width, COLUMNS), height = clamp(tile.height, LEAST.height, MOST.height);
  return { ...tile, width, height, x: clamp(tile.x, 0, COLUMNS - width), y: clamp(tile.y, 0, MOST.rows - height) };
}

/** All tiles with `moved` at its new place: whatever it covers gives way downwards, and gaps above close. */
export function settle(tiles, moved) {
  const order = tiles.filter((tile) => tile !== moved).sort((a, b) => a.y - b.y || a.x - b.x);
  if (moved) {
    const at = order.findIndex((tile) => tile.y + tile.height / 2 > moved.y);
    order.splice(at < 0 ? order.length : at, 0, moved);
  }
  const placed = [];
  for (const tile of order) {
    const lies = (y) => placed.some((other) => covers({ ...tile, y }, other));
    while (lies(tile.y)) tile.y += 1;
    while (tile.y > 0 && !lies(tile.y - 1)) tile.y -= 1;
    placed.push(tile);
  }
}

const beside = (a, b) => a.x >= b.x + b.width || b.x >= a.x + a.width;

/** The row from which `tile` takes the place of its neighbour above (`by` is -1) or below (1). */
export function passing(tiles, tile, by) {
  const others = tiles.filter((other) => other !== tile && !beside(other, tile) && (other.y - tile.y) * by > 0);
  const next = others.sort((a, b) => (a.y - b.y) * by)[0];
  if (!next) return tile.y;
  return by < 0 ? next.y : next.y + next.height;
}
