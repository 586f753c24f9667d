/**
 * A tint over the picture: which device made which part of it.
 *
 * @typedef {import('../types.js').PictureMap} PictureMap
 * @typedef {{colour: string, pattern: string}} Style
 */

/** Okabe and Ito's colours, which people with any kind of colour vision tell apart. */
const COLOURS = ['#56b4e9', '#e69f00', '#009e73', '#f0e442', '#cc79a7', '#d55e00', '#0072b2', '#bbbbbb'];

/** One for each colour, so that nobody needs the colours at all. */
const PATTERNS = ['plain', 'rising', 'dots', 'level', 'falling', 'upright', 'crossed', 'grid'];

/** Side of a pattern's tile in pixels of a canvas. */
const TILE = 16;

/** Opacity of the ground, through which the picture is seen, and of the pattern on it. */
const GROUND = 0.34;
const LINES = 0.8;

/** Pixels of the layer's longer side: fine enough for patterns, whatever the picture's size. */
const LONG_SIDE = 1280;

/**
 * The style of the device that came as number `index`: after eight the colours begin again with other patterns.
 *
 * @param {number} index
 * @returns {Style}
 */
export function styleOf(index) {
  const turn = Math.floor(index / COLOURS.length);
  return {
    colour: COLOURS[index % COLOURS.length],
    pattern: PATTERNS[(index + 3 * turn) % PATTERNS.length],
  };
}

/**
 * Neighbours in a row that one device made, as one.
 *
 * @param {PictureMap} map
 * @returns {{row: number, from: number, to: number, place: number}[]} without what nobody made
 */
export function runs({ columns, rows, cells }) {
  const found = [];
  for (let row = 0; row < rows; row += 1) {
    const line = cells.slice(row * columns, (row + 1) * columns);
    for (const match of line.matchAll(/([0-9a-f])\1*/g)) {
      const from = match.index ?? 0;
      found.push({ row, from, to: from + match[0].length, place: parseInt(match[1], 16) });
    }
  }
  return found;
}

/**
 * The part of the picture's area that each device made.
 *
 * @param {PictureMap} map
 * @returns {number[]} 0 to 1, by place
 */
export function fractions(map) {
  const found = map.devices.map(() => 0);
  for (const { row, from, to, place } of runs(map)) {
    // The last cells of rows and columns reach beyond the picture.
    const wide = Math.min(to * map.cell, map.width) - from * map.cell;
    const tall = Math.min((row + 1) * map.cell, map.height) - row * map.cell;
    found[place] += (wide * tall) / (map.width * map.height);
  }
  return found;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Style} style
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function fillWith(context, style, x, y, width, height) {
  context.globalAlpha = GROUND;
  context.fillStyle = style.colour;
  context.fillRect(x, y, width, height);
  const pattern = context.createPattern(tileOf(style), 'repeat');
  if (pattern === null) return;
  context.globalAlpha = LINES;
  context.fillStyle = pattern;
  context.fillRect(x, y, width, height);
}

/** Lies over the picture as the frames' canvases do, so that the style sheet aligns it in every view. */
export class TintLayer {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this._canvas = canvas;
  }

  clear() {
    this._canvas.hidden = true;
  }

  /**
   * @param {PictureMap} map
   * @param {(name: string) => Style} styleFor
   */
  paint(map, styleFor) {
    const { width, height, cell, devices } = map;
    const scale = LONG_SIDE / Math.max(width, height);
    const canvas = this._canvas;
    // Its sides stand to each other as the picture's: `object-fit` then puts both into the same place.
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.hidden = false;
    const context = canvas.getContext('2d');
    if (context === null) return;
    const at = (/** @type {number} */ cells) => Math.round(cells * cell * scale);
    for (const { row, from, to, place } of runs(map)) {
      const [x, y] = [at(from), at(row)];
      fillWith(context, styleFor(devices[place]), x, y, at(to) - x, at(row + 1) - y);
    }
  }
}

/** @type {Map<string, HTMLCanvasElement>} tiles by style, drawn once */
const tiles = new Map();

/**
 * @param {Style} style
 * @returns {HTMLCanvasElement}
 */
function tileOf({ colour, pattern }) {
  const known = tiles.get(colour + pattern);
  if (known !== undefined) return known;
  const tile = document.createElement('canvas');
  tile.width = tile.height = TILE;
  const pen = tile.getContext('2d');
  if (pen !== null) {
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 3;
    draw(pen, pattern);
  }
  tiles.set(colour + pattern, tile);
  return tile;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} pattern
 */
function draw(pen, pattern) {
  const [middle, end] = [TILE / 2, TILE];
  /** @type {[number, number, number, number][]} */
  const lines = [];
  // Diagonals reach over the corners, or tiles would not join.
  if (pattern === 'rising' || pattern === 'crossed') {
    for (const shift of [-end, 0, end]) lines.push([shift, end, shift + end, 0]);
  }
  if (pattern === 'falling' || pattern === 'crossed') {
    for (const shift of [-end, 0, end]) lines.push([shift, 0, shift + end, end]);
  }
  if (pattern === 'level' || pattern === 'grid') lines.push([0, middle, end, middle]);
  if (pattern === 'upright' || pattern === 'grid') lines.push([middle, 0, middle, end]);
  pen.beginPath();
  for (const [x1, y1, x2, y2] of lines) {
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
  }
  pen.stroke();
  if (pattern !== 'dots') return;
  pen.beginPath();
  pen.arc(middle, middle, TILE / 4, 0, 2 * Math.PI);
  pen.fill();
}
