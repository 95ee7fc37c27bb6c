// What does a frame look like?

/** Space for the numbers beside the plane, in pixels. */
const MARGIN = 26;
/** The longest arrow, in pixels. */
const LONGEST = 34;

/** The colours of the style sheet, which follow the reader's light or dark. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "grey", "line", "real", "fake", "lattice", "flat", "sure-real", "sure-fake"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** A canvas with as many pixels as the screen has in its place; its units are those of the page. */
function sheet(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px system-ui, sans-serif";
  return { pen, width, height };
}

/** A step between about five ticks of a range: 1, 2 or 5 times a power of ten. */
function tickStep(range) {
  const rough = range / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].find((step) => step * power >= rough) * power;
}

function ticks(low, high) {
  const step = tickStep(high - low);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  return Array.from({ length: count }, (_, i) => {
    const value = (first + i) * step;
    return [value, value.toFixed(digits).replace("-", "−")];
  });
}

/** The colour of a height from 0 to 1000: as sure as D is of a fake, of nothing, of a real point. */
function colourOf(theme) {
  const parse = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const [fake, flat, real] = ["sure-fake", "flat", "sure-real"].map((name) => parse(theme[name]));
  return (height) => {
    const t = height / 500 - 1;
    const end = t < 0 ? fake : real;
    return flat.map((part, i) => Math.round(part + Math.abs(t) * (end[i] - part)));
  };
}

const small = document.createElement("canvas");

/** The surface as an image of one pixel a point, which the canvas enlarges smoothly. */
function surfaceImage(heights, cells, theme) {
  if (small.width !== cells) [small.width, small.height] = [cells, cells];
  const pen = small.getContext("2d");
  const image = pen.createImageData(cells, cells);
  const colour = colourOf(theme);
  heights.forEach((height, i) => {
    // The lowest y comes first, and stands at the foot.
    const at = 4 * ((cells - 1 - Math.floor(i / cells)) * cells + (i % cells));
    image.data.set([...colour(height), 255], at);
  });
  pen.putImageData(image, 0, 0);
  return small;
}

/** Pieces of the line on which a grid of heights is `level`, in units of its cells. */
function contour(heights, cells, level, piece) {
  for (let row = 0; row + 1 < cells; row += 1) {
    for (let column = 0; column + 1 < cells; column += 1) {
      const at = row * cells + column;
      const [a, b] = [heights[at], heights[at + 1]];
      const [d, c] = [heights[at + cells], heights[at + cells + 1]];
      const above = (a >= level) + (b >= level) + (c >= level) + (d >= level);
      if (above === 0 || above === 4) continue;
      const ends = [];
      const cross = (from, to, x, y, dx, dy) => {
        if (from >= level === to >= level) return;
        const t = (level - from) / (to - from);
        ends.push([column + x + t * dx, row + y + t * dy]);
      };
      cross(a, b, 0, 0, 1, 0);
      cross(b, c, 1, 0, 0, 1);
      cross(c, d, 1, 1, -1, 0);
      cross(d, a, 0, 1, 0, -1);
      for (let i = 0; i + 1 < ends.length; i += 2) piece(ends[i], ends[i + 1]);
    }
  }
}

/** Draws the plane. Returns how many generated points lie outside of it. */
export function drawPlane(canvas, scene, frame, shown, theme) {
  const { pen, width } = sheet(canvas);
  const side = width - MARGIN;
  const [left, top] = [MARGIN, 0];
  const [x0, y0] = scene.centre.map((middle) => middle - scene.half_side);
  const unit = side / (2 * scene.half_side);
  const place = ([x, y]) => [left + (x - x0) * unit, top + side - (y - y0) * unit];

  pen.fillStyle = theme.flat;
  pen.fillRect(left, top, side, side);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, side, side);
  pen.clip();
  if (shown.surface && frame.surface) drawSurface(pen, scene, frame.surface, theme, left, top, side);
  if (shown.lattice) drawLattice(pen, frame.lattice.map(place), scene.lines, theme);
  if (shown.real) scene.real.forEach((point) => mark(pen, place(point), theme.real, theme.paper, round));
  const fakes = frame.fakes.map(place);
  if (shown.push) drawPush(pen, fakes, frame.push.parts, theme);
  if (shown.fakes) fakes.forEach((at) => mark(pen, at, theme.fake, theme.paper, diamond));
  pen.restore();

  pen.fillStyle = theme.grey;
  pen.strokeStyle = theme.line;
  pen.strokeRect(left + 0.5, top + 0.5, side - 1, side - 1);
  pen.textAlign = "center";
  for (const [x, name] of ticks(x0, x0 + 2 * scene.half_side)) {
    // A number at the very edge moves in a little.
    pen.fillText(name, Math.min(width - 8, place([x, 0])[0]), side + 15);
  }
  pen.textAlign = "right";
  for (const [y, name] of ticks(y0, y0 + 2 * scene.half_side)) {
    pen.fillText(name, left - 4, Math.max(9, place([0, y])[1] + 4));
  }
  const inside = ([x, y]) => x >= left && x <= width && y >= top && y <= side;
  return fakes.filter((at) => !inside(at)).length;
}

function drawSurface(pen, scene, surface, theme, left, top, side) {
  const { cells } = scene;
  const image = surfaceImage(surface.heights, cells, theme);
  pen.imageSmoothingEnabled = true;
  // From the middle of the first pixel to the middle of the last.
  pen.drawImage(image, 0.5, 0.5, cells - 1, cells - 1, left, top, side, side);
  const unit = side / (cells - 1);
  pen.strokeStyle = theme.ink;
  for (let level = 100; level < 1000; level += 100) {
    const half = scene.probabilities && level === 500;
    pen.globalAlpha = half ? 0.9 : 0.25;
    pen.lineWidth = half ? 1.6 : 1;
    pen.beginPath();
    contour(surface.heights, cells, level, ([ax, ay], [bx, by]) => {
      pen.moveTo(left + ax * unit, top + side - ay * unit);
      pen.lineTo(left + bx * unit, top + side - by * unit);
    });
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

function drawLattice(pen, places, lines, theme) {
  pen.strokeStyle = theme.lattice;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.85;
  pen.beginPath();
  for (let i = 0; i < lines; i += 1) {
    for (let j = 0; j < lines; j += 1) {
      const line = (at) => (j === 0 ? pen.moveTo(...places[at]) : pen.lineTo(...places[at]));
      line(i * lines + j);
    }
    for (let j = 0; j < lines; j += 1) {
      const at = j * lines + i;
      if (j === 0) pen.moveTo(...places[at]);
      else pen.lineTo(...places[at]);
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

const round = (pen, [x, y]) => pen.arc(x, y, 2.6, 0, 2 * Math.PI);
const diamond = (pen, [x, y]) => {
  pen.moveTo(x, y - 4);
  pen.lineTo(x + 4, y);
  pen.lineTo(x, y + 4);
  pen.lineTo(x - 4, y);
  pen.closePath();
};

/** A sign with a thin edge of paper, so that it stands out of its own colour, too. */
function mark(pen, at, colour, edge, shape) {
  pen.beginPath();
  shape(pen, at);
  pen.fillStyle = colour;
  pen.strokeStyle = edge;
  pen.lineWidth = 1;
  pen.fill();
  pen.stroke();
}

function drawPush(pen, fakes, parts, theme) {
  pen.strokeStyle = theme.ink;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.8;
  pen.beginPath();
  fakes.forEach(([x, y], i) => {
    const [dx, dy] = [LONGEST * parts[i][0], -LONGEST * parts[i][1]];
    const length = Math.hypot(dx, dy);
    if (length < 2) return;
    pen.moveTo(x, y);
    pen.lineTo(x + dx, y + dy);
    const head = Math.min(5, length / 2) / length;
    for (const turn of [1, -1]) {
      pen.moveTo(x + dx, y + dy);
      pen.lineTo(x + dx - head * (dx + turn * 0.6 * dy), y + dy - head * (dy - turn * 0.6 * dx));
    }
  });
  pen.stroke();
  pen.globalAlpha = 1;
}

/** The colours from fake to real. */
export function drawScale(canvas, theme) {
  const { pen, width, height } = sheet(canvas);
  const colour = colourOf(theme);
  for (let x = 0; x < width; x += 1) {
    pen.fillStyle = `rgb(${colour((1000 * x) / Math.max(1, width - 1))})`;
    pen.fillRect(x, 0, 1.5, height);
  }
}

/** Curves over turns: each has points [turn, value], a colour, and dashes. */
export function drawCurves(canvas, curves, last, theme) {
  const { pen, width, height } = sheet(canvas);
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value));
  const [left, foot] = [36, height - 16];
  pen.strokeStyle = theme.line;
  pen.strokeRect(left + 0.5, 0.5, width - left - 1, foot - 1);
  if (values.length === 0) return;
  let [low, high] = range(values);
  if (high - low < 1e-9) [low, high] = [low - 0.5, high + 0.5];
  const x = (turn) => left + ((width - left - 2) * turn) / Math.max(1, last);
  const y = (value) => 3 + ((foot - 6) * (high - value)) / (high - low);
  pen.fillStyle = theme.grey;
  pen.textAlign = "right";
  for (const [value, name] of ticks(low, high)) {
    pen.fillText(name, left - 4, Math.min(foot, Math.max(9, y(value) + 4)));
  }
  pen.fillText(`${last} turns`, width - 2, height - 3);
  pen.textAlign = "left";
  pen.fillText("0", left, height - 3);
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, width - left, foot);
  pen.clip();
  for (const { points, colour, dashes } of curves) {
    pen.strokeStyle = theme[colour];
    pen.lineWidth = 1.5;
    pen.setLineDash(dashes);
    pen.beginPath();
    points.forEach(([turn, value], i) => {
      if (i === 0) pen.moveTo(x(turn), y(value));
      else pen.lineTo(x(turn), y(value));
    });
    pen.stroke();
  }
  pen.restore();
}

/** From the 1st to the 99th of a hundred values, so that one wild number does not flatten all. */
function range(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  const [low, high] = [at(0.01), at(0.99)];
  const more = 0.08 * (high - low);
  return [low - more, high + more];
}
