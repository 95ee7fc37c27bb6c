// How does the page play?
//
// It sends a command and gets an answer; it never has more than one on its way. While it plays, each
// answer asks for the next one, at once and not after the drawing, so that the program trains while
// the page draws. A tab that nobody sees asks for nothing, and its game stands still.

import { colours, drawCurves, drawPlane, drawScale } from "./draw.js";
import { Form, fromFragment, toFragment, wrong } from "./form.js";

const $ = (id) => document.getElementById(id);
const LAYERS = ["surface", "real", "fakes", "push", "lattice"];
/** Turns asked for at a time, and a pause before the next, in milliseconds. */
const SPEEDS = [
  ["1 turn a second", 1, 1000], ["5 turns a second", 1, 200], ["1 turn a frame", 1, 0],
  ["4 turns a frame", 4, 0], ["as fast as it can", 1000000, 0],
];
/** Points of a curve; beyond them two become one, their mean. */
const MOST_POINTS = 600;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
/** With reduced motion the picture changes once in so many milliseconds. */
const CALM_EVERY = 1000;

let socket;
let offer;
let form;
let scene;
let frame;
let theme = colours();
let playing = false;
/** Whether an answer is on its way; commands that wait for it; how many frames are not drawn yet. */
let asked = false;
let queue = [];
let undrawn = 0;
let timer = 0;
let drawnAt = 0;
/** Curves; the last values; when turns and frames came; a complaint to be read before all else. */
let curves;
let last = {};
let counts;
let complaint = "";

// --- The connection ---

function connect() {
  say("Connecting…");
  socket = new WebSocket(`ws://${location.host}/game`);
  asked = false;
  queue = [];
  socket.onopen = () => ask("offer");
  socket.onmessage = (event) => {
    asked = false;
    const [kind, content] = Object.entries(JSON.parse(event.data))[0];
    answers[kind](content);
    next();
  };
  socket.onclose = () => {
    pause();
    enable(false);
    const again = document.createElement("button");
    again.textContent = "Connect again";
    again.onclick = connect;
    say("The program does not answer. Is it still running? ", "wrong");
    $("status").append(again);
  };
}

const answers = {
  offer(content) {
    offer = content;
    form ??= new Form(offer, start);
    if (form.choices) start(form.choices);
    else startFromAddress();
  },
  scene(content) {
    scene = content;
    form.show(scene.choices);
    history.replaceState(null, "", toFragment(scene.choices, offer.defaults));
    curves = { d: averaged(), g: averaged(), distance: averaged() };
    last = {};
    counts = { turns: [], frames: [], askedAt: 0 };
    enable(true);
    take(scene.frame);
    if (complaint) say(complaint, "wrong");
    else say(playing ? "Playing." : "A new game. Press space to play.");
    complaint = "";
  },
  frame: take,
  refused(why) {
    pause();
    say(`Not so: ${why}`, "wrong");
    if (scene) {
      form.show(scene.choices);
    } else {
      complaint = `Not so: ${why}. Here is the plain game.`;
      start({});
    }
  },
};

function ask(command) {
  asked = true;
  socket.send(JSON.stringify(command));
}

/** Asks for what is next, unless an answer is on its way. */
function next() {
  clearTimeout(timer);
  if (asked || socket.readyState !== WebSocket.OPEN) return;
  if (queue.length > 0) {
    ask(queue.shift());
    return;
  }
  // Two frames ahead of the drawing are enough; without motion nobody waits for the drawing.
  if (!playing || document.hidden || (undrawn > 1 && !calm.matches)) return;
  const [, turns, rest] = SPEEDS[$("speed").selectedIndex];
  const wait = rest - (performance.now() - counts.askedAt);
  if (wait > 0) {
    timer = setTimeout(next, wait);
    return;
  }
  counts.askedAt = performance.now();
  ask({ play: { turns } });
}

function want(command) {
  queue.push(command);
  next();
}

function start(choices) {
  const why = wrong(choices, offer.bounds);
  if (why) return answers.refused(why);
  queue = [{ start: choices }];
  next();
}

function startFromAddress() {
  const choices = fromFragment(location.hash);
  if (!choices) complaint = "What the address says after # is no game. Here is the plain one.";
  start(choices ?? {});
}

// --- Frames ---

/** Takes in a frame, and has it drawn when the screen is ready. */
function take(content) {
  frame = content;
  const first = frame.turn - frame.losses.length + 1;
  frame.losses.forEach(([g, d], i) => {
    const turn = Math.max(0, first + i);
    if (g !== null) curves.g.add(turn, last.g = g);
    if (d !== null) curves.d.add(turn, last.d = d);
  });
  const { measured } = frame;
  if (measured && last.measured !== measured.turn) {
    last.measured = measured.turn;
    curves.distance.add(measured.turn, measured.distance);
  }
  counts.turns.push([performance.now(), frame.turn]);
  if (frame.lost && playing) {
    pause();
    say("Some numbers are not finite any more, and no turn mends them. Reset, or choose a lower rate.", "wrong");
  }
  undrawn += 1;
  if (undrawn > 1) return;
  const wait = calm.matches ? CALM_EVERY - (performance.now() - drawnAt) : 0;
  if (wait > 0) setTimeout(() => requestAnimationFrame(draw), wait);
  else requestAnimationFrame(draw);
}

function draw() {
  undrawn = 0;
  drawnAt = performance.now();
  counts.frames.push(drawnAt);
  next();
  const shown = Object.fromEntries(LAYERS.map((name) => [name, $(`show-${name}`).checked]));
  const outside = drawPlane($("plane"), scene, frame, shown, theme);
  writeScale();
  writeNumbers();
  const end = Math.max(frame.turn, 1);
  drawCurves($("losses"), [
    { points: curves.d.points, colour: "real", dashes: [] },
    { points: curves.g.points, colour: "fake", dashes: [5, 3] },
  ], end, theme);
  const floor = frame.measured?.floor;
  drawCurves($("distances"), [
    { points: curves.distance.points, colour: "fake", dashes: [] },
    { points: floor === undefined ? [] : [[0, floor], [end, floor]], colour: "real", dashes: [2, 3] },
  ], end, theme);
  describe(outside);
}

function writeScale() {
  const { surface, push } = frame;
  drawScale($("colours"), theme);
  if (scene.probabilities) {
    $("low").textContent = "0, fake";
    $("high").textContent = "1, real";
  } else {
    $("low").textContent = surface ? `${brief(surface.low)}, fake` : "fake";
    $("high").textContent = surface ? `${brief(surface.high)}, real` : "real";
  }
  const meaning = scene.probabilities
    ? "Colour: D's probability that a point is real; the strong line is ½."
    : "Colour: D's score, with the lowest and highest in view; only differences mean something.";
  const arrows = `The longest arrow is ${brief(push.longest)}.`;
  $("scale-is").textContent = `${surface ? meaning : "D judges no single points."} ${arrows}`;
}

function writeNumbers() {
  const { measured } = frame;
  const loss = (value) => (value === undefined ? "–" : value.toFixed(3).replace("-", "−"));
  $("turns").textContent = frame.turn;
  $("loss-d").textContent = loss(last.d);
  $("loss-g").textContent = loss(last.g);
  $("distance").textContent = measured ? brief(measured.distance) : "–";
  $("floor").textContent = measured ? `(best ${brief(measured.floor)})` : "";
  $("modes").textContent = measured?.modes ? measured.modes.join(" / ") : "–";
  const quality = measured?.high_quality;
  $("quality").textContent = quality == null ? "–" : `${(100 * quality).toFixed(1)} %`;
  // Over the last two seconds.
  const recent = performance.now() - 2000;
  counts.turns = counts.turns.filter(([time]) => time > recent);
  counts.frames = counts.frames.filter((time) => time > recent);
  const [a, b] = [counts.turns[0], counts.turns.at(-1)];
  const known = playing && counts.frames.length > 1 && b[0] > a[0];
  $("rate").textContent = known ? Math.round((1000 * (b[1] - a[1])) / (b[0] - a[0])) : "–";
  const span = counts.frames.at(-1) - counts.frames[0];
  $("frames").textContent = known ? Math.round((1000 * (counts.frames.length - 1)) / span) : "–";
}

/** Says in words what is drawn, for those who do not see it; not more than every other second. */
function describe(outside) {
  const now = performance.now();
  if (playing && now - (describe.last ?? -Infinity) < 2000) return;
  describe.last = now;
  const { measured } = frame;
  const modes = measured?.modes ? `, ${measured.modes.join(" of ")} modes covered` : "";
  const distance = measured ? ` Distance ${brief(measured.distance)}${modes}.` : "";
  const away = outside ? ` ${outside} of them out of view.` : "";
  $("plane").setAttribute("aria-label",
    `The plane after ${frame.turn} turns: ${scene.real.length} real and ${frame.fakes.length} generated points.${away}${distance}`);
}

/** A curve whose points are means of 1, 2, 4, … values, so that it never has too many. */
function averaged() {
  let size = 1;
  let group = [];
  const curve = {
    points: [],
    add(turn, value) {
      group.push(value);
      if (group.length < size) return;
      curve.points.push([turn, group.reduce((sum, part) => sum + part) / size]);
      group = [];
      if (curve.points.length < MOST_POINTS) return;
      const { points } = curve;
      const odd = points.filter((_, i) => i % 2 === 1);
      curve.points = odd.map(([turn, value], i) => [turn, (points[2 * i][1] + value) / 2]);
      size *= 2;
    },
  };
  return curve;
}

function brief(number) {
  const size = Math.abs(number);
  const text = size !== 0 && (size < 1e-3 || size >= 1e4) ? number.toExponential(1) : number.toPrecision(3);
  return text.replace("-", "−");
}

// --- Controls ---

function say(text, kind = "") {
  $("status").textContent = text;
  $("status").className = kind;
}

function enable(on) {
  for (const id of ["play", "turn", "step-d", "step-g", "reset"]) $(id).disabled = !on;
}

function pause() {
  playing = false;
  writePlay();
}

function writePlay() {
  $("play").firstChild.textContent = playing ? "❚❚ Pause " : "▶ Play ";
}

const moves = {
  play() {
    playing = !playing;
    writePlay();
    say(playing ? "Playing." : "Paused.");
    if (counts) counts.turns = [];
    next();
    if (!playing) requestAnimationFrame(draw);
  },
  turn: () => single({ play: { turns: 1 } }, "One turn."),
  "step-d": () => single("discriminator-step", "One step of D."),
  "step-g": () => single("generator-step", "One step of G."),
  reset() {
    start(scene.choices);
  },
};

function single(command, words) {
  if (playing) pause();
  say(words);
  want(command);
}

const KEYS = { " ": "play", t: "turn", d: "step-d", g: "step-g", r: "reset" };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // What is typed into a field belongs to it; a button is pressed by space.
  const typing = event.target.matches("input[type=number], select");
  if (typing || (event.key === " " && event.target.matches("button, input, summary"))) return;
  const key = event.key.toLowerCase();
  if (key in KEYS) {
    const button = $(KEYS[key]);
    if (!button.disabled && !(event.repeat && key === " ")) moves[button.id]();
  } else if (key >= "1" && key <= String(LAYERS.length)) {
    $(`show-${LAYERS[key - 1]}`).click();
  } else if (["+", "=", "-"].includes(key)) {
    const at = $("speed").selectedIndex + (key === "-" ? -1 : 1);
    $("speed").selectedIndex = Math.min(SPEEDS.length - 1, Math.max(0, at));
    next();
  } else {
    return;
  }
  event.preventDefault();
});

for (const id of Object.values(KEYS)) $(id).onclick = moves[id];
const redraw = () => { if (frame) requestAnimationFrame(draw); };
for (const name of LAYERS) $(`show-${name}`).onchange = redraw;
$("speed").append(...SPEEDS.map(([name]) => new Option(name)));
$("speed").selectedIndex = 3;
$("speed").onchange = next;
document.addEventListener("visibilitychange", next);
addEventListener("resize", redraw);
addEventListener("hashchange", () => { if (form) startFromAddress(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  theme = colours();
  redraw();
});
enable(false);
connect();
