// How are choices made on the page, kept in its address, and read back?
//
// The form is made from the defaults that the program offers: a number is a field, two numbers are
// two, yes or no is a box, and a trick has a box and its numbers. So a field or trick that the program
// learns shows up here by itself; only its words may be missing. What is none of these is not shown
// and stays as it is.

const WORDS = {
  width: "Units of a hidden layer", hidden: "Hidden layers", noise: "Numbers of noise",
  batch_size: "Points in a batch", rates: "Learning rates",
  betas: "Adam's averages", turns: "Turns until tricks have faded",
  scaled: "Points are scaled to size 1", seed: "Seed",
};
const PAIRS = { betas: ["β₁", "β₂"] };

/** Calls `chosen(choices)` when somebody has changed something. */
export class Form {
  constructor(offer, chosen) {
    this.offer = offer;
    this.chosen = chosen;
    this.fields = document.getElementById("fields");
    this.experiment = document.getElementById("experiment");
    const names = offer.experiments.map((one) => one.name);
    fill(this.experiment, ["your own", ...names], ["your own", ...names]);
    this.experiment.onchange = () => {
      const one = offer.experiments.find((one) => one.name === this.experiment.value);
      if (one) this.change(structuredClone(one.choices));
    };
    // Return in a field must not send the form away.
    document.getElementById("choices").onsubmit = (event) => event.preventDefault();
  }

  /** Shows these choices. */
  show(choices) {
    this.choices = choices;
    const same = this.offer.experiments.find((one) => equal(one.choices, choices));
    this.experiment.value = same ? same.name : "your own";
    document.getElementById("watch").textContent = same ? same.watch : "";
    const focused = document.activeElement?.id;
    const scrolled = document.getElementById("tricks")?.scrollTop ?? 0;
    this.fields.replaceChildren(...this.parts());
    document.getElementById("tricks").scrollTop = scrolled;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  change(choices) {
    this.chosen(choices);
  }

  /** The same choices, but for what `edit` does to a copy. */
  edit(edit) {
    const copy = structuredClone(this.choices);
    edit(copy);
    this.change(copy);
  }

  parts() {
    const { recipe } = this.choices;
    const select = (id, label, offered, value, edit) => {
      const element = node("select", { id: own(id) });
      const names = offered.map((one) => one.name);
      fill(element, names, names.map(words));
      element.value = value;
      element.onchange = () => this.edit((copy) => edit(copy, element.value));
      const about = offered.find((one) => one.name === value)?.about ?? "";
      const note = node("p", { className: "small", id: own(`about-${id}`) }, about);
      element.setAttribute("aria-describedby", note.id);
      return [node("label", { className: "wide" }, label, element), note];
    };
    const parts = [
      ...select("data", "Data", this.offer.data, this.choices.data, (c, v) => { c.data = v; }),
      ...select("loss", "Losses", this.offer.losses, recipe.loss, (c, v) => { c.recipe.loss = v; }),
      this.tricks(),
    ];
    for (const [key, value] of Object.entries(recipe)) {
      if (key === "loss" || key === "tricks") continue;
      const label = WORDS[key] ?? words(key);
      if (typeof value === "boolean") {
        const box = node("input", { id: own(key), type: "checkbox", checked: value });
        box.onchange = () => this.edit((copy) => { copy.recipe[key] = box.checked; });
        parts.push(node("label", { className: "field" }, box, ` ${label}`));
      } else if (typeof value === "number") {
        const set = (copy, number) => { copy.recipe[key] = number; };
        parts.push(this.single(key, label, value, set));
      } else if (Array.isArray(value) && value.every((part) => typeof part === "number")) {
        parts.push(this.several(key, label, value));
      }
    }
    const seed = (copy, number) => { copy.seed = number; };
    parts.push(this.single("seed", WORDS.seed, this.choices.seed, seed));
    return parts;
  }

  single(key, label, value, set) {
    return node("label", { className: "field" }, label, this.number(key, key, value, set));
  }

  several(key, label, values) {
    const pair = node("div", { className: "pair" });
    values.forEach((value, i) => {
      const set = (copy, number) => { copy.recipe[key][i] = number; };
      const name = (PAIRS[key] ?? ["G", "D"])[i] ?? String(i + 1);
      pair.append(node("label", {}, name, this.number(`${key}-${i}`, key, value, set)));
    });
    return node("fieldset", {}, node("legend", {}, label), pair);
  }

  number(id, key, value, set) {
    const input = node("input", { id: own(id), type: "number", step: "any", value });
    const bounds = this.offer.bounds.find((bounds) => bounds.field === key);
    if (bounds) [input.min, input.max] = [bounds.least, bounds.most];
    if (bounds?.whole) input.step = 1;
    input.onchange = () => {
      // What is no number is left as it was.
      if (input.value !== "") this.edit((copy) => set(copy, Number(input.value)));
      else input.value = value;
    };
    return input;
  }

  tricks() {
    const chosen = this.choices.recipe.tricks;
    const rows = node("div", { id: "tricks" });
    for (const { name, usual, about } of this.offer.tricks) {
      const at = chosen.findIndex((trick) => nameOf(trick) === name);
      const box = node("input", { type: "checkbox", id: own(`trick-${name}`), checked: at >= 0 });
      box.onchange = () => this.edit((copy) => {
        if (at >= 0) copy.recipe.tricks.splice(at, 1);
        else copy.recipe.tricks.push(structuredClone(usual));
      });
      const row = node("div", { className: "trick" });
      row.append(node("label", { className: "name" }, box, words(name)));
      for (const path of at >= 0 ? numbersIn(chosen[at]) : []) {
        const label = `${words(name)}: ${path.slice(1).join(" ") || "strength"}`;
        const change = (copy, number) => put(copy.recipe.tricks[at], path, number);
        const id = `trick-${name}-${path.join("-")}`;
        const input = this.number(id, "", get(chosen[at], path), change);
        input.setAttribute("aria-label", label);
        input.title = label;
        input.className = "number";
        row.append(input);
      }
      row.append(node("p", { className: "small" }, about));
      rows.append(row);
    }
    return node("fieldset", {}, node("legend", {}, "Tricks"), rows);
  }
}

/** What is wrong with a number of these choices, in words, or nothing; the program knows the rest. */
export function wrong(choices, bounds) {
  for (const { field, least, most, whole } of bounds) {
    const value = field === "seed" ? choices.seed : choices.recipe?.[field];
    const numbers = numbersIn(value).map((path) => get(value, path));
    const fits = (n) => n >= least && n <= most && (!whole || Number.isInteger(n));
    const odd = numbers.find((n) => !fits(n));
    if (odd === undefined) continue;
    const kind = whole ? "whole number" : "number";
    return `${WORDS[field] ?? words(field)}: ${odd} is no ${kind} from ${least} to ${most}`;
  }
  return undefined;
}

/** What differs from the defaults, as the part of an address after #. */
export function toFragment(choices, defaults) {
  const rest = difference(choices, defaults) ?? {};
  return Object.keys(rest).length ? `#${encodeURIComponent(JSON.stringify(rest))}` : "#";
}

/** The choices that an address keeps, to which the program adds the defaults; or nothing. */
export function fromFragment(fragment) {
  if (fragment.length <= 1) return {};
  try {
    const kept = JSON.parse(decodeURIComponent(fragment.slice(1)));
    return kept?.constructor === Object ? kept : undefined;
  } catch {
    return undefined;
  }
}

function difference(value, other) {
  if (equal(value, other)) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const fields = Object.entries(value).map(([key, part]) => [key, difference(part, other?.[key])]);
  return Object.fromEntries(fields.filter(([, part]) => part !== undefined));
}

const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);
/** The page has other parts called turns or seed. */
const own = (id) => `choice-${id}`;
const words = (name) => name.replaceAll(/[-_]/g, " ");

/** A trick is written as "name" or as { name: numbers }. */
const nameOf = (trick) => (typeof trick === "string" ? trick : Object.keys(trick)[0]);

/** The ways to all numbers in plain data. */
function numbersIn(data) {
  if (typeof data === "number") return [[]];
  if (data === null || typeof data !== "object") return [];
  const inside = ([key, part]) => numbersIn(part).map((path) => [key, ...path]);
  return Object.entries(data).flatMap(inside);
}

const get = (data, path) => path.reduce((part, key) => part[key], data);

function put(data, path, value) {
  get(data, path.slice(0, -1))[path.at(-1)] = value;
}

function fill(select, values, labels) {
  const option = (value, i) => node("option", { value }, labels[i]);
  select.replaceChildren(...values.map(option));
}

function node(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
