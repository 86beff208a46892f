// The script of a page. `data` has the cards, for the player also frames and steps; words and numbers are the program's own.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id), SVG = "http://www.w3.org/2000/svg";
const frames = data.frames || [], allSteps = data.steps || [], isPlayer = allSteps.length > 0;
const cards = new Map(data.cards.filter(c => c.id).map(c => [c.id, c])), arrows = data.cards.find(c => c.arrows)?.arrows || {};
const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
let steps = [], at = 0, chosen = null, timer = null, open = new Set(), asking = null, nudged = null;

function make(tag, text, name) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (name) e.className = name;
  return e;
}
function button(text, act, name) {
  const b = make("button", text, name);
  b.type = "button"; b.onclick = act;
  return b;
}
function headed(table, words) {
  const head = table.insertRow();
  for (const word of words) { const th = make("th", word); th.scope = "col"; head.append(th); }
  return table;
}
const sum = list => list.reduce((a, b) => a + b, 0);
function draw(tag, attributes, text) {
  const e = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  if (text !== undefined) e.textContent = text;
  return e;
}

// ---- rules: parts of text, values, gradients and fractions --------------------------------------------------------------

function symbol(name, kind) {
  const m = document.createElementNS("http://www.w3.org/1998/Math/MathML", "mi");
  m.textContent = name; m.setAttribute("class", kind); m.setAttribute("mathvariant", "normal");
  return m;
}
function fraction(top, bottom) {
  const ns = "http://www.w3.org/1998/Math/MathML", math = document.createElementNS(ns, "math"), frac = document.createElementNS(ns, "mfrac");
  for (const name of [top, bottom]) {
    const row = document.createElementNS(ns, "mrow");
    row.append(symbol("∂" + name, "gradient"));
    frac.append(row);
  }
  math.append(frac); math.setAttribute("aria-label", `the derivative of ${top} with respect to ${bottom}`);
  return math;
}
function written(parts, name) {
  const line = make("div", undefined, name);
  for (const [kind, text] of parts) line.append(kind === "fraction" ? fraction(...text.split("|")) : make("span", text, kind));
  if (name === "number" && line.textContent.length > 26) line.classList.add("long");
  return line;
}
const plain = parts => parts.map(([kind, text]) => kind === "fraction" ? `∂${text.replace("|", "/∂")}` : text).join("");

// ---- the picture: that of the whole, and in each open card its own -------------------------------------------------------

const sources = new Map([["", document.querySelector("#scroll svg")]]);
for (const t of document.querySelectorAll("template")) sources.set(t.id.slice(7), t.content.querySelector("svg"));
let stage = null, size = { w: 1, h: 1 }, places = new Map();  // places: of each card that is shown its group, and where it lies

const numbersIn = text => text.match(/-?[\d.]+(?:e-?\d+)?/g).map(Number);
function extent(shape) {
  const n = numbersIn(shape.getAttribute("points") || shape.getAttribute("d")), x = n.filter((_, i) => i % 2 === 0), y = n.filter((_, i) => i % 2);
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}
// A card that opens is stretched with all that lies beside and below it: distances only grow, so that nothing comes to overlap.
function compose(id) {
  const svg = sources.get(id), g = svg.querySelector("g").cloneNode(true), box = svg.getAttribute("viewBox").split(" ").map(Number);
  const moved = numbersIn(g.getAttribute("transform").match(/translate\(([^)]*)\)/)[1]);
  for (const p of g.querySelectorAll(":scope > polygon")) p.remove();
  const nodes = new Map(), inner = new Map(), grow = [];
  for (const n of g.querySelectorAll(".node")) {
    const card = n.id, shapes = [...n.querySelectorAll("path, polygon")], e = shapes.map(extent);
    nodes.set(card, { group: n, from: null, rect: [Math.min(...e.map(r => r[0])), Math.min(...e.map(r => r[1])), Math.max(...e.map(r => r[2])), Math.max(...e.map(r => r[3]))] });
    n.removeAttribute("id"); n.dataset.card = card;
    if (open.has(card) && sources.has(card)) {
      const inside = compose(card), r = nodes.get(card).rect;
      inner.set(card, inside);
      grow.push([r, Math.max(0, inside.w + 24 - (r[2] - r[0])), Math.max(0, inside.h + 44 - (r[3] - r[1]))]);
    }
  }
  const ends = [0, 1].map(axis => [...new Set(grow.flatMap(([r]) => [r[axis], r[axis + 2]]))].sort((a, b) => a - b));
  const densest = [0, 1].map(axis => ends[axis].slice(1).map((end, i) => Math.max(0, ...grow.filter(([r]) => r[axis] < end && r[axis + 2] > ends[axis][i]).map(([r, ...by]) => by[axis] / (r[axis + 2] - r[axis])))));
  const stretch = (v, axis) => densest[axis].reduce((sum, d, i) => sum + d * Math.max(0, Math.min(v, ends[axis][i + 1]) - ends[axis][i]), v);
  const fx = x => stretch(x, 0), fy = y => stretch(y, 1);
  for (const place of nodes.values()) place.from = place.rect;
  const snapped = (v, low, high) => Math.abs(v - low) < 8 ? low : Math.abs(v - high) < 8 ? high : v;  // an end at a frame stays there
  for (const [card, { group, rect }] of nodes) {
    const cx = (rect[0] + rect[2]) / 2, cy = (rect[1] + rect[3]) / 2, dx = fx(cx) - cx, dy = fy(cy) - cy, place = nodes.get(card);
    if (inner.has(card)) {
      const inside = inner.get(card), [x, y, right, bottom] = [fx(rect[0]), fy(rect[1]), fx(rect[2]), fy(rect[3])], c = cards.get(card);
      const frame = draw("rect", { class: "frame", x, y, width: right - x, height: bottom - y, rx: 12 });
      const title = draw("text", { class: "opened", x: x + 12, y: y + 20 }, ["▾", c.title, c.settings, c.path].filter(Boolean).join("  "));
      inside.g.setAttribute("transform", `translate(${x + (right - x - inside.w) / 2},${y + 32})`);
      group.replaceChildren(frame, title, inside.g);
      title.addEventListener("click", e => { e.stopPropagation(); toggle(card); });
      Object.assign(place, { rect: [x, y, right, bottom], dx: 0, dy: 0, open: true });
    } else {
      if (dx || dy) group.setAttribute("transform", `translate(${dx},${dy})`);
      Object.assign(place, { rect: [rect[0] + dx, rect[1] + dy, rect[2] + dx, rect[3] + dy], dx, dy });
      if (cards.get(card)?.opens && sources.has(card)) {
        const h = draw("g", { class: "handle", transform: `translate(${rect[2]},${(rect[1] + rect[3]) / 2})` });
        h.append(draw("circle", { r: 9 }), draw("text", { y: 5 }, "+"), draw("title", {}, "open this card"));
        h.addEventListener("click", e => { e.stopPropagation(); toggle(card); });
        group.append(h);
      }
    }
  }
  (arrows[id] || []).forEach(([tail, head, kind, key], i) => {
    const e = g.querySelector(`[id="e${i}"]`);
    if (!e) return;
    e.removeAttribute("id"); Object.assign(e.dataset, { tail, head, kind, key });
    const path = e.querySelector("path"), tip = e.querySelector("polygon"), ends = [nodes.get(tail), nodes.get(head)];
    const shift = (n, end) => { const p = []; for (let j = 0; j < n.length; j += 2) p.push(end && !end.open ? n[j] + end.dx : fx(n[j]), end && !end.open ? n[j + 1] + end.dy : fy(end ? snapped(n[j + 1], end.from[1], end.from[3]) : n[j + 1])); return p; };
    const points = numbersIn(path.getAttribute("d")), to = [], last = points.length - 4;
    for (let j = 0; j < points.length; j += 2) to.push(...shift(points.slice(j, j + 2), j < 4 ? ends[0] : j >= last ? ends[1] : null));
    path.setAttribute("d", `M${to[0]},${to[1]}C${to.slice(2).join(" ")}`);
    if (tip) {
      const n = numbersIn(tip.getAttribute("points")), point = points.slice(-2), [x, y] = shift(point, ends[1]);  // it moves as a whole
      tip.setAttribute("points", n.map((v, j) => v + (j % 2 ? y - point[1] : x - point[0])).join(" "));
    }
    for (const t of e.querySelectorAll("text")) { const x = Number(t.getAttribute("x")), y = Number(t.getAttribute("y")); t.setAttribute("x", fx(x)); t.setAttribute("y", fy(y)); }
  });
  for (const c of g.querySelectorAll(":scope > .cluster")) {
    for (const s of c.querySelectorAll("path, polygon")) { const n = numbersIn(s.getAttribute("d") || ""); if (n.length) s.setAttribute("d", `M${fx(n[0])},${fy(n[1])}C${n.slice(2).map((v, j) => j % 2 ? fy(v) : fx(v)).join(" ")}`); }
    for (const t of c.querySelectorAll("text")) { t.setAttribute("x", fx(Number(t.getAttribute("x")))); t.setAttribute("y", fy(Number(t.getAttribute("y")))); }
  }
  g.setAttribute("transform", `translate(${moved[0]},${moved[1]})`);
  const outer = draw("g", {}), w = box[2] + fx(1e6) - 1e6, h = box[3] + fy(1e6) - 1e6;
  outer.append(g);
  for (const [card, place] of nodes) { place.parent = g; places.set(card, place); }
  return { g: outer, w, h };
}
function compositionOf() {
  places = new Map();
  const whole = compose("");
  size = { w: whole.w, h: whole.h };
  const svg = draw("svg", { id: "stage", viewBox: `0 0 ${size.w} ${size.h}`, role: "group", "aria-label": "computation graph" });
  const defs = draw("defs", {}), marker = draw("marker", { id: "up", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 10, markerHeight: 10, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" });
  const head = draw("path", { d: "M0 0L10 5L0 10z" });
  head.style.fill = "var(--gradient)"; marker.append(head); defs.append(marker); svg.append(defs, whole.g);
  $("scroll").replaceChildren(svg);
  stage = svg;
  prepare();
}
function toggle(card) {
  const step = steps[at];
  if (open.has(card)) { open.delete(card); for (const c of [...open]) if (within(c, card)) open.delete(c); } else open.add(card);
  compositionOf();
  if (isPlayer) {
    chooseSteps();
    const near = steps.findIndex(s => s === step);
    go(near >= 0 ? near : Math.max(0, steps.findIndex(s => s.end > step.start && s.phase === step.phase)));
  } else tell();
  rescale();
  const p = places.get(card);
  if (p) keepInSight(card);
}
function within(card, outer) {
  for (let c = cards.get(card); c; c = cards.get(c.parent)) if (c.id === outer && card !== outer) return true;
  return false;
}
const shownCards = (parent = "", found = []) => {
  for (const c of cards.values()) if (c.parent === parent) { if (open.has(c.id) && sources.has(c.id)) shownCards(c.id, found); else found.push(c); }
  return found;
};

// ---- arrays -------------------------------------------------------------------------------------------------------------

const array = a => typeof a === "number" ? data.arrays[a] : a;
const sized = s => s.length ? s.join("×") : "scalar";
const colour = (v, most) => {
  v = value(v);
  const share = most ? Math.min(1, Math.abs(v) / most) : 0;
  return v ? `color-mix(in srgb, var(--${v > 0 ? "plus" : "minus"}) ${(15 + 85 * share).toFixed(0)}%, var(--card))` : "var(--card)";
};
function cells(rows, most, role, shape, before) {
  const t = make("table", undefined, `cells ${role === "value" || role === "used" ? "value" : "gradient"}-frame`);
  rows.forEach((row, i) => {
    const r = t.insertRow();
    row.forEach((v, j) => {
      const c = r.insertCell();
      c.textContent = short(v); c.dataset.value = v;
      if (typeof v !== "boolean") c.style.background = colour(v, most);
      if (!Number.isFinite(value(v))) { c.className = "odd"; c.style.background = ""; }
      c.title = shape.length ? `[${[...before, ...(shape.length > 1 ? [i] : []), j].join(", ")}] = ${v}` : String(v);
    });
  });
  return t;
}
function planesOf(values, shape, before = []) {
  if (shape.length > 2) return values.flatMap((part, i) => planesOf(part, shape.slice(1), [...before, i]));
  return [[before, shape.length === 2 ? values : shape.length ? [values] : [[values]]]];
}
function show(label, index, role, secret) {
  const f = make("figure", undefined, secret ? "secret" : ""), caption = make("figcaption"), a = array(index);
  caption.append(...written(label).childNodes);
  f.append(caption);
  if (!a) { f.append(make("div", "not recorded", "stats")); return f; }
  if (a.shape.length) caption.append(make("span", `  ${sized(a.shape)}`, "text"));
  if (a.shape.includes(0)) f.append(make("div", "no elements", "stats"));
  else if (a.values !== null) {
    const flat = [a.values].flat(9).map(value).filter(Number.isFinite), most = Math.max(0, ...flat.map(Math.abs)), row = make("div", undefined, "planes");
    const planes = planesOf(a.values, a.shape), all = [a.values].flat(9);
    if (all.length > 8 && all.every(v => v === all[0])) {  // a grid of one number says no more
      const one = make("span", `all ${short(all[0])}`, "stats");
      one.dataset.all = all[0]; row.append(one);
    } else planes.forEach(([before, rows], k) => {
      const one = make("div", undefined, k && rows.length > 3 ? "more" : "");
      if (planes.length > 1) one.append(make("div", `[${before.join(", ")}]`, "stats"));
      one.append(cells(rows, most, role, a.shape, before));
      row.append(one);
    });
    const more = row.querySelectorAll(".more");
    if (more.length) {
      const b = button(`${more.length} more planes`, () => { b.textContent = row.classList.toggle("all") ? "one plane" : `${more.length} more planes`; });
      f.append(b);
    }
    f.append(row);
  } else f.append(largeArray(a, /weight\b/.test(caption.textContent)));
  return f;
}
function largeArray(a, isWeight) {
  const e = make("div", undefined, "large");
  if (a.images.length) {
    const [rows, columns] = a.pixels, c = make("canvas"), side = make("div"), zoom = Math.max(1, Math.min(20, Math.floor(180 / Math.max(rows, columns))));
    c.width = columns; c.height = rows; c.style.width = `${columns * zoom}px`; c.style.height = `${rows * zoom}px`;
    let k = 0;
    const note = make("div", undefined, "stats");
    const paintPlane = () => {
      const pen = c.getContext("2d"), style = getComputedStyle(document.documentElement);
      const [plus, minus, card] = ["plus", "minus", "card"].map(n => style.getPropertyValue(`--${n}`).trim());
      for (let i = 0; i < rows * columns; i++) {
        const level = LEVELS.indexOf(a.images[k][i]) - 31;
        pen.globalAlpha = 1; pen.fillStyle = card; pen.fillRect(i % columns, Math.floor(i / columns), 1, 1);
        pen.globalAlpha = Math.abs(level) / 31; pen.fillStyle = level > 0 ? plus : minus; pen.fillRect(i % columns, Math.floor(i / columns), 1, 1);
      }
      const lead = a.shape.slice(0, -2), total = lead.reduce((n, m) => n * m, 1), place = [];
      let rest = k;
      for (const n of [...lead].reverse()) { place.unshift(rest % n); rest = Math.floor(rest / n); }
      const words = { 2: isWeight ? ["filter", "input channel"] : ["image", "channel"], 1: ["plane"] }[lead.length] || lead.map((_, d) => `dim ${d}`);
      note.textContent = (total > 1 ? place.map((p, d) => `${words[d]} ${p} of ${lead[d]}`).join(", ") : "") + (a.block[0] * a.block[1] > 1 ? ` a pixel is the largest of ${a.block.join("×")}` : "");
    };
    c.setAttribute("role", "img"); c.setAttribute("aria-label", `an array of ${sized(a.shape)}, green above 0, purple below`);
    const bar = make("div", undefined, "stats scale"), most = Math.max(Math.abs(a.low ?? 0), Math.abs(a.high ?? 0));
    bar.append(make("span", short(-most)), make("i"), make("span", short(most)));
    side.append(c, bar, note);
    if (a.images.length > 1) {
      for (const [text, by] of [["◀", -1], ["▶", 1]]) { const b = button(text, () => { k = (k + by + a.images.length) % a.images.length; paintPlane(); }); b.setAttribute("aria-label", by < 0 ? "previous plane" : "next plane"); side.append(b); }
    }
    paintPlane(); e.append(side);
  }
  const facts = make("div", undefined, "stats"), line = text => facts.append(make("div", text));
  if (a.norm !== null) line(`‖·‖ ${short(a.norm)}`);
  if (a.low !== null) { line(`max ${short(a.high)}`); line(`mean ${short(a.mean)}`); line(`min ${short(a.low)}`); }
  if (a.odd) line(`${a.odd} nan or inf`);
  e.append(facts);
  if (a.histogram.length && a.low !== a.high) {
    const h = make("div"), bars = make("div", undefined, "bars"), most = Math.max(...a.histogram);
    for (const n of a.histogram) { const i = make("i"); i.style.height = `${n ? Math.max(2, 34 * n / most) : 0}px`; i.title = `${n}`; bars.append(i); }
    h.append(bars, make("div", `${short(a.low)} … ${short(a.high)}`, "stats")); e.append(h);
  }
  return e;
}
const norm = index => { const a = array(index); return a.values !== null ? Math.hypot(...[a.values].flat(9).map(value)) : a.norm; };

// ---- the panel ------------------------------------------------------------------------------------------------------------

const KINDS = { forward: "forward", start: "backward", backward: "backward", hook: "backward", grad: ".grad", end: ".grad" };

// The elements: a click on a cell of what is sent shows the products that it is the sum of.
function pickable(figure, target, block) {
  if (!target.elements) return;
  const table = make("div");
  block.append(table);
  [...figure.querySelectorAll("td")].forEach((cell, k) => {
    cell.style.cursor = "pointer"; cell.tabIndex = 0; cell.setAttribute("role", "button");
    const pick = () => {
      for (const c of figure.querySelectorAll("td")) c.classList.toggle("picked", c === cell);
      table.replaceChildren(target.elements[k].terms.length ? products(target.elements[k]) : make("p", `0: nothing computed from ${target.elements[k].name} depends on it`, "notes"));
    };
    cell.addEventListener("click", pick);
    cell.addEventListener("keydown", e => { if (e.key === "Enter") pick(); });
  });
}
function products(part) {
  const t = headed(make("table", undefined, "products secret"), ["output element", "upstream", "local", "product"]), more = part.count - part.terms.length;
  t.createCaption().textContent = `${more > 0 ? `the largest of ${part.count}` : part.count} products for ${part.name}`;
  for (const [name, up, local] of part.terms) {
    const r = t.insertRow();
    r.insertCell().textContent = name;
    for (const v of [up, local, value(up) * value(local)]) { const c = r.insertCell(); c.textContent = short(v); c.dataset.value = v; }
  }
  return t;
}
function ledger(target) {
  const t = make("table", undefined, "ledger secret"), count = target.arrived, all = count + target.awaited, sizes = target.ledger.map(p => norm(p[1])), most = Math.max(...sizes, 1e-300);
  t.createCaption().textContent = `part ${count} of ${all} for ${target.name}` + (target.awaited ? `, ${target.awaited} still to come` : ", the last");
  target.ledger.forEach(([sender, index], i) => {
    const r = t.insertRow(), bar = make("span", undefined, "bar");
    bar.style.width = `${Math.max(2, 90 * sizes[i] / most)}px`;
    r.insertCell().textContent = `from ${sender}`;
    r.insertCell().textContent = briefly(index);
    r.insertCell().append(bar);
  });
  const r = t.insertRow();
  r.className = "sum";
  r.insertCell().textContent = target.awaited ? "sum so far" : "sum";
  r.insertCell().textContent = briefly(target.total);
  r.insertCell();
  return t;
}
function briefly(index, most = 6) {
  const a = array(index), flat = a.values !== null ? [a.values].flat(9) : null;
  return flat && flat.length <= most ? flat.map(short).join("  ") : `‖∇‖ ${short(norm(index))}`;
}
function gradientTable(caption, rows) {
  const t = make("table", undefined, "ledger secret"), most = Math.max(...rows.map(r => norm(r[1])));
  if (caption) t.createCaption().textContent = caption;
  for (const [name, ...indices] of rows) {
    const r = t.insertRow();
    r.insertCell().textContent = name;
    r.insertCell().textContent = sized(array(indices[0]).shape);
    for (const index of indices) { const c = r.insertCell(); c.textContent = briefly(index, 3); c.className = "gradient"; }
    const bar = make("span", undefined, "bar"), size = norm(indices[0]);
    bar.style.width = `${size > 0 && most > 0 ? Math.max(2, 90 * (1 + Math.log10(size / most) / 6)) : 0}px`; bar.title = "on a logarithmic scale";
    r.insertCell().append(bar);
  }
  return t;
}
function chainOf(target) {
  const p = make("div", undefined, "chain secret");
  p.append(make("span", "chain rule ", "text"));
  target.chain.forEach(([top, bottom, number, node], i) => {
    if (i) p.append(" · ");
    const to = steps.findIndex(s => s.phase === "backward" && (cards.get(s.card)?.nodes || []).includes(node));
    const b = button(undefined, () => { if (to >= 0) { play(false); go(to); } });
    b.append(fraction(top, bottom));
    if (number !== null) b.append(" = ", make("span", number, "gradient"));
    p.append(b);
  });
  return p;
}
function tellStep() {
  const s = steps[at], panel = $("panel"), asks = asking === s;
  if (nudged) { panel.replaceChildren(make("h2", "Nudge: a small change, and what becomes of it"), nudgeTable(), make("p", "For a small change the gradient predicts how much each value changes: gradient × change. What it misses is curvature.", "notes")); return; }
  const top = make("p", `step ${at + 1} of ${steps.length} · `, "step"), kids = [top, make("h2", s.title)];
  top.append(make("b", KINDS[s.phase], KINDS[s.phase] === "forward" ? "value" : "gradient"));
  if (s.rule.length || s.numbers.length) {
    const block = make("div", undefined, "target");
    if (s.rule.length) block.append(written(s.rule, "rule"));
    if (s.numbers.length) block.append(written(s.numbers, "number"));
    kids.push(block);
  }
  for (const target of s.targets.filter(t => !t.small)) {
    const block = make("div", undefined, "target");
    if (target.rule.length) block.append(written(target.rule, "rule"));
    block.append(written(target.numbers, "number"));
    block.lastChild.classList.add("secret"); kids.push(block);
  }
  if (asks) kids.push(question(s));
  const alone = s.targets.filter(t => t.small && t.arrived + t.awaited === 1);  // others have a sum of their own below
  if (alone.length) kids.push(gradientTable("what comes to its parameters", alone.map(t => [t.name, t.sent])));
  for (const target of s.targets.filter(t => t.small && t.arrived + t.awaited > 1)) kids.push(ledger(target));
  for (const target of s.targets.filter(t => !t.small)) {
    if (target.arrived + target.awaited > 1) kids.push(ledger(target));
    const row = make("div", undefined, "arrays");
    const below = make("div");
    target.arrays.forEach(([label, index, role], i) => {
      if (!i && target !== s.targets[0]) return;  // what comes in is the same for all
      const figure = show(label, index, role, role === "gradient"), n = target.arrays.length;
      if (n === 3 && target.arrays[1][2] === "local" && i && target === s.targets[0]) row.append(make("span", i === 1 ? "⊙" : "=", `sign${i === 2 ? " secret" : ""}`));
      row.append(figure);
      if (role === "gradient" && i === target.arrays.length - 1) pickable(figure, target, below);
    });
    kids.push(row, below);
    if (target.part && target.part.count > 1) below.append(products(target.part));
    if (target.chain.length > 1) kids.push(chainOf(target));
  }
  if (s.phase === "end" && s.arrays.length > 1) kids.push(gradientTable("", s.arrays.map(([label, index]) => [plain(label), index])));
  else if (s.arrays.length) { const row = make("div", undefined, "arrays"); for (const [label, index, role] of s.arrays) row.append(show(label, index, role)); kids.push(row); }
  for (const note of s.notes) kids.push(make("p", note, "notes"));
  if (s.line) { const l = make("p", undefined, "line"); l.append(make("mark", s.line)); kids.push(l); }
  const numbers = kids.flatMap(e => [...e.querySelectorAll?.(".number") ?? []]);
  if (numbers.some(e => e.classList.contains("long"))) for (const e of numbers) e.classList.add("long");
  panel.classList.toggle("asks", asks); panel.classList.toggle("forward", s.phase === "forward");
  panel.replaceChildren(...kids); panel.scrollTop = 0;
}
function question(s) {
  const target = s.targets.reduce((a, b) => (b.part?.count ?? 99) < (a.part?.count ?? 99) ? b : a), part = target.part, a = array(target.sent), flat = a.values !== null ? [a.values].flat(9).map(value) : null;
  const answer = part ? value(part.share) : flat && flat.length === 1 ? flat[0] : norm(target.sent);
  const sender = target.ledger.at(-1)[0], to = part ? part.name : target.name;
  const what = part || flat && flat.length === 1 ? `What does ${sender} send to ${to}?` : `What is the norm of the gradient that ${sender} sends to ${to}?`;
  const box = make("form", undefined, "target"), input = make("input"), reply = make("p", undefined, "notes");
  input.setAttribute("aria-label", "your answer"); input.inputMode = "decimal"; input.size = 10;
  const reveal = text => { asking = null; $("panel").classList.remove("asks"); reply.textContent = text; paint(); };
  const check = guess => {
    const close = Math.abs(guess - answer) <= 0.01 * Math.abs(answer) + 1e-9;
    reveal(close ? `Yes: ${short(answer)}.` : `No: it is ${short(answer)}.${Math.sign(guess) === Math.sign(answer) ? " The sign was right." : ""}`);
  };
  box.append(make("p", `${what} Type a number, or choose a sign.`, "notes"), input);
  box.onsubmit = e => { e.preventDefault(); const v = Number(input.value.replace("−", "-")); if (input.value.trim() && !Number.isNaN(v)) check(v); };
  for (const [text, sign] of [["negative", -1], ["0", 0], ["positive", 1]]) {
    box.append(" ", button(text, () => reveal(Math.sign(answer) === sign ? `Yes: ${short(answer)}.` : `No: it is ${short(answer)}.`)));
  }
  box.append(" ", button("show", () => reveal(`It is ${short(answer)}.`)), reply);
  return box;
}
function tellCard(id) {
  const c = cards.get(id), facts = make("dl"), row = make("div", undefined, "arrays"), kids = [make("h2", [c.title, c.settings].filter(Boolean).join(" "))];
  const fact = (word, text) => { if (text && text.length) facts.append(make("dt", word), make("dd", text)); };
  fact("name", c.path); fact("output", c.kind === "tensor" || c.name === c.path ? "" : c.name); fact("shape", sized(c.shape)); fact("dtype", c.dtype);
  fact("parameters", (c.parameters || []).join(", ")); for (const rule of c.computes || []) fact("", rule); fact("line", c.line); fact("note", (c.marks || []).join(", "));
  if (c.opens && sources.has(id)) kids.push(button("open", () => { choose(null); toggle(id); }));
  if (c.array !== undefined && c.array !== null) row.append(show([["value", "value"]], c.array, "value"));
  const latest = isPlayer ? labelOf(c.output, steps[at].end) : null;
  if (latest && latest.total !== undefined) row.append(show([["text", "gradient so far"]], latest.total, "gradient"));
  if (c.valueSummary) row.append(show([["value", "value"]], c.valueSummary, "value"));
  if (c.gradientSummary) row.append(show([["text", "gradient"]], c.gradientSummary, "gradient"));
  kids.push(facts, row);
  if (isPlayer) kids.push(button("back to the step", () => choose(null)));
  $("panel").replaceChildren(...kids);
}
function tell() {
  if (chosen !== null) tellCard(chosen);
  else if (isPlayer) tellStep();
  else $("panel").replaceChildren(make("p", "Click a card to inspect it. A card with + opens.", "notes"), ...(data.remark ? [make("p", data.remark, "notes")] : []), parameterTable());
}
function parameterTable() {
  const t = make("table", undefined, "ledger"), rows = [...cards.values()].filter(c => !c.parent && c.sizes?.length);
  const total = sum(rows.flatMap(c => c.sizes));
  if (rows.length) t.createCaption().textContent = `${total.toLocaleString("en")} numbers to learn`;
  for (const c of rows) { const r = t.insertRow(); r.insertCell().textContent = c.path || c.title; r.insertCell().textContent = c.parameters.join(", "); r.insertCell().textContent = sum(c.sizes).toLocaleString("en"); }
  return t;
}
function choose(id) {
  for (const { group } of places.values()) group.classList.remove("chosen");
  chosen = id;
  if (id !== null) places.get(id)?.group.classList.add("chosen");
  tell();
}

// ---- what the picture shows ------------------------------------------------------------------------------------------------

const keysWithLabel = new Set(frames.filter(f => f.label).map(f => `${f.to || f.node}:${f.output}`));
const last = new Map();  // by value, the frames that change its gradient
frames.forEach((f, i) => { if (f.label) { const k = `${f.to || f.node}:${f.output}`; last.has(k) ? last.get(k).push(i) : last.set(k, [i]); } });
function labelOf(key, end) {
  const all = last.get(key) || [];
  for (let i = all.length - 1; i >= 0; i--) if (all[i] < end) return { ...frames[all[i]], index: all[i] };
  return null;
}
const parts = new Map(), users = new Map();  // what each card has sent to a parameter, and how many cards have it as a row
for (const s of allSteps) for (const t of s.phase === "backward" ? s.targets : []) { const k = `${s.card} ${t.to}`; parts.set(k, [...parts.get(k) || [], { end: s.end, label: t.label }]); }
for (const c of cards.values()) for (const k of c.rows || []) if (!c.parent) users.set(k, (users.get(k) || 0) + 1);
const shared = new Set([...users].filter(([, n]) => n > 1).map(([k]) => k));
const awaited = (key, end) => (last.get(key) || []).filter(i => i >= end && frames[i].kind === "backward").length;
const forwardEnd = new Map();
for (const s of allSteps) if (s.phase === "forward") forwardEnd.set(s.card, s.end);

function prepare() {
  const order = [...places.keys()];
  for (const [id, { group }] of places) {
    const c = cards.get(id);
    if (!c) continue;
    const colours = getTextsByColour(group);
    places.get(id).texts = colours;
    group.setAttribute("tabindex", "-1"); group.setAttribute("role", "button");
    group.setAttribute("aria-label", `${c.title} ${c.settings}, ${c.path ? `${c.path}, ` : ""}${sized(c.shape)}`);
    group.addEventListener("click", e => { e.stopPropagation(); if (drag && drag.moved) return; play(false); places.get(id).open ? toggle(id) : choose(id); });
    group.addEventListener("focus", () => { for (const p of places.values()) p.group.setAttribute("tabindex", p.group === group ? "0" : "-1"); });
    group.addEventListener("keydown", k => {
      const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[k.key];
      if (by) { const to = order[order.indexOf(id) + by]; if (to) { places.get(to).group.focus(); keepInSight(to); } }
      if (k.key === "Enter" && c.opens && sources.has(id)) { toggle(id); places.get(id)?.group.focus(); } else if (k.key === " " || k.key === "Enter") choose(id);
      if (by || k.key === "Enter" || k.key === " ") { k.preventDefault(); k.stopPropagation(); }
    });
  }
  if (order.length) places.get(order[0]).group.setAttribute("tabindex", "0");
}
function getTextsByColour(group) {
  const own = [...group.querySelectorAll("text")].filter(t => t.closest(".node") === group);
  return { value: own.filter(t => t.getAttribute("fill") === "#0b5cad" && t.textContent.startsWith("=")), gradient: own.filter(t => t.getAttribute("fill") === "#b8400a" && /^(∇|‖)/.test(t.textContent)) };
}
function paint() {
  const s = steps[at], end = s.end, back = s.phase !== "forward";
  document.body.classList.toggle("back", back);
  for (const e of stage.querySelectorAll(".halo, .badge")) e.remove();
  for (const e of stage.querySelectorAll(".edge")) e.classList.remove("later", "went", "goes", "flows");
  const done = id => { const c = cards.get(id); return c.kind === "tensor" || (forwardEnd.get(id) ?? 0) <= end; };
  const sends = new Set(s.targets.map(t => t.to));
  for (const [id, place] of places) {
    const c = cards.get(id), g = place.group;
    if (!c || place.open) continue;
    g.classList.remove("later", "lit", "gets", "feeds");
    if (!done(id)) g.classList.add("later");
    const [v] = place.texts.value, keys = [...(c.rows || []).filter(k => keysWithLabel.has(k)), ...(keysWithLabel.has(c.output) ? [c.output] : [])];
    if (v) { v.textContent = done(id) ? c.value : ""; v.classList.toggle("fresh", s.phase === "forward" && s.card === id); }
    keys.forEach((key, i) => {
      const t = place.texts.gradient[i], l = back ? labelOf(key, end) : null;
      if (!t) return;
      const own = i < (c.rows || []).length && shared.has(key) ? parts.get(`${id} ${key}`) : null;  // of a shared parameter its own part
      t.textContent = own ? own.filter(p => p.end <= end).at(-1)?.label ?? "" : shared.has(key) && key !== c.output ? "" : l ? l.label : ""; t.classList.toggle("fresh", !!l && l.index >= s.start && (key === c.output || id === s.card));
      if (asking === s && l && l.index >= s.start) t.textContent = "∇ ?";
    });
    if (back && sends.has(c.output)) g.classList.add("gets");
    const waiting = back && s.phase !== "end" ? awaited(c.output, end) : 0;
    if (waiting && awaited(c.output, 0) > 1) {
      const b = draw("g", { class: "badge", transform: `translate(${place.rect[0] - 1},${place.rect[1] - 1})` });
      b.append(draw("rect", { x: -9, y: -9, width: 18, height: 18, rx: 3 }), draw("text", { y: 4.5 }, waiting), draw("title", {}, `${waiting} gradient${waiting > 1 ? "s" : ""} still to come`));
      place.parent.append(b);
    }
  }
  for (const id of litCards(s)) {
    const place = places.get(id);
    if (!place || place.open) continue;
    const [x, y, right, bottom] = place.rect;
    place.group.classList.add("lit"); place.group.classList.remove("gets");
    place.parent.insertBefore(draw("rect", { class: "halo", x: x - 5, y: y - 5, width: right - x + 10, height: bottom - y + 10, rx: 14 }), place.parent.firstChild);
  }
  for (const e of stage.querySelectorAll(".edge")) {
    const { head, tail, key, kind } = e.dataset;
    if (!done(head)) e.classList.add("later");
    if (s.phase === "forward" && head === s.card) { e.classList.add("flows"); const p = places.get(tail); if (p && !p.open) p.group.classList.add("feeds"); }
    if (!back || kind === "index") continue;
    const sender = allSteps.filter(q => q.phase === "backward" && q.card === head && q.start < end).at(-1);
    if (!sender || !sender.targets.some(t => t.to === key)) continue;
    if (sender === s) e.classList.add("goes"); else if (sender.end <= end) e.classList.add("went");
  }
}
function litCards(s) {
  if (s.card) return [s.card];
  return [...places].filter(([id, p]) => cards.get(id) && !p.open && s.output && (cards.get(id).output === s.output || (cards.get(id).rows || []).includes(s.output))).map(([id]) => id);
}
const here = () => isPlayer && steps.length ? litCards(steps[at])[0] ?? null : null;
function keepInSight(id) {
  const b = $("scroll"), some = [id, ...stage.querySelectorAll(".gets, .feeds")].map(e => typeof e === "string" ? places.get(e)?.group : e).filter(Boolean);
  if (!id || !places.get(id)) return;
  const c = b.getBoundingClientRect(), rects = some.map(e => e.getBoundingClientRect());
  let a = { top: Math.min(...rects.map(r => r.top)), bottom: Math.max(...rects.map(r => r.bottom)), left: Math.min(...rects.map(r => r.left)), right: Math.max(...rects.map(r => r.right)) };
  if (a.bottom - a.top > c.height - 40 || a.right - a.left > c.width - 20) a = rects[0];  // not all at once
  if (a.top < c.top + 20 || a.bottom > c.bottom - 20) b.scrollTop += (a.top + a.bottom) / 2 - c.top - c.height / 2;
  if (a.left < c.left + 10 || a.right > c.right - 10) b.scrollLeft += (a.left + a.right) / 2 - c.left - c.width / 2;
}

// ---- steps -----------------------------------------------------------------------------------------------------------------

function chooseSteps() {
  const shown = shownCards(), ids = new Set(shown.map(c => c.id)), values = new Set(shown.flatMap(c => [c.output, ...(c.rows || [])]));
  steps = allSteps.filter(s => s.card ? ids.has(s.card) : s.phase !== "hook" || values.has(s.output));
  $("time").max = steps.length - 1;
  $("phases").replaceChildren();
  for (let first = 0, next; first < steps.length; first = next) {  // runs of one kind: two backward() are two laps
    const kind = KINDS[steps[first].phase], start = first;
    for (next = first; next < steps.length && KINDS[steps[next].phase] === kind; next++);
    const b = button(`${kind} · ${next - first}`, () => { play(false); go(start); }, kind === "forward" ? "" : "warm");
    b.style.flexGrow = next - first; b.title = `go to the ${kind} steps`; b.dataset.from = first; b.dataset.to = next;
    $("phases").append(b);
  }
  $("all").replaceChildren();
  if ($("text").open) transcript();
  $("about").textContent = `${steps.length} steps` + (data.recorded ? "" : " · values inside the graph are shown as far as backward keeps them; viz.record() shows all");
}
function go(to) {
  at = Math.max(0, Math.min(steps.length - 1, to));
  const s = steps[at];
  chosen = null;
  asking = $("predict").getAttribute("aria-pressed") === "true" && s.phase === "backward" && s.targets.length ? s : null;
  $("time").value = at; $("time").setAttribute("aria-valuetext", `step ${at + 1}: ${s.title}`);
  document.body.dataset.step = at + 1;
  for (const { group } of places.values()) group.classList.remove("chosen");
  paint(); tell(); keepInSight(here()); drawMap();
  if (!timer) $("status").textContent = [s.title, ...(asking ? [] : s.targets.map(t => plain(t.numbers)))].join(" ");
  for (const b of $("phases").children) b.toggleAttribute("aria-current", at >= b.dataset.from && at < b.dataset.to);
  [...$("all").children].forEach((li, i) => i === at ? li.setAttribute("aria-current", "step") : li.removeAttribute("aria-current"));
  address();
}
function address() {
  const words = [isPlayer ? `step=${at + 1}` : "", open.size ? `open=${[...open].join(",")}` : ""].filter(Boolean);
  try { history.replaceState(null, "", `#${words.join("&")}`); } catch { /* a page inside another has no address */ }
}
function fromAddress() {
  const words = new Map(location.hash.slice(1).split("&").map(w => w.split("=")));
  return { step: Number(words.get("step")) || 1, open: (words.get("open") || "").split(",").filter(id => sources.has(id) && id) };
}
function play(on) {
  clearTimeout(timer); timer = null;
  if (on) {
    if (at === steps.length - 1) go(0);
    const next = () => {
      if (at >= steps.length - 1) return play(false);
      go(at + 1);
      timer = setTimeout(next, pace());
    };
    timer = setTimeout(next, pace());
  }
  $("play").textContent = timer ? "❚❚ pause" : "▶ play";
}
const pace = () => (900 + 700 * steps[at].targets.length + 12 * steps[at].title.length) / Number($("speed").value);  // by how much there is to read

// ---- zoom, map, drag, keys --------------------------------------------------------------------------------------------------

let scale = 1, byHand = false, drag = null;
function zoom(to) {
  scale = Math.max(.1, Math.min(8, to));
  stage.setAttribute("width", size.w * scale); stage.setAttribute("height", size.h * scale);
  keepInSight(here()); drawMap();
}
const whole = () => Math.min(1.6, ($("scroll").clientWidth - 8) / size.w, ($("scroll").clientHeight - 8) / size.h);
const by = factor => { byHand = true; zoom(scale * factor); };
const rescale = () => zoom(byHand ? scale : Math.max(1, whole()) * (isPressed("lecture") ? 1.6 : 1));  // no letter below 12 px when a page opens: then it scrolls
$("larger").onclick = () => by(1.25); $("smaller").onclick = () => by(1 / 1.25); $("fit").onclick = () => { byHand = true; zoom(whole()); };
function drawMap() {
  $("map")?.remove();
  const b = $("scroll");
  if (b.clientHeight >= size.h * scale - 2 && b.clientWidth >= size.w * scale - 2) return;
  const k = Math.min(110 / size.w, 160 / size.h), m = draw("svg", { id: "map", width: size.w * k, height: size.h * k, viewBox: `0 0 ${size.w} ${size.h}`, "aria-hidden": "true" });
  m.style.bottom = `${$("legend").offsetHeight + 8}px`;
  const s = stage.getBoundingClientRect();
  for (const p of places.values()) { const a = p.group.getBoundingClientRect(); m.append(draw("rect", { x: (a.left - s.left) / scale, y: (a.top - s.top) / scale, width: a.width / scale, height: a.height / scale, ...(p.group.classList.contains("lit") ? { style: "fill:var(--ink)" } : p.open ? { style: "fill:none" } : {}) })); }
  m.append(draw("rect", { class: "view", x: b.scrollLeft / scale, y: b.scrollTop / scale, width: b.clientWidth / scale, height: b.clientHeight / scale }));
  m.addEventListener("click", e => { const r = m.getBoundingClientRect(); b.scrollTop = (e.clientY - r.top) / k * scale - b.clientHeight / 2; b.scrollLeft = (e.clientX - r.left) / k * scale - b.clientWidth / 2; });
  $("picture").append(m);
}
$("scroll").addEventListener("scroll", () => { const v = document.querySelector("#map .view"), b = $("scroll"); if (v) { v.setAttribute("x", b.scrollLeft / scale); v.setAttribute("y", b.scrollTop / scale); } });
$("scroll").addEventListener("wheel", e => { if (e.ctrlKey) { e.preventDefault(); by(Math.exp(-e.deltaY / 400)); } }, { passive: false });
$("scroll").addEventListener("pointerdown", e => { if (e.button === 0 && e.pointerType === "mouse") drag = { x: e.clientX, y: e.clientY, moved: false }; });
addEventListener("pointermove", e => {
  if (!drag) return;
  const b = $("scroll"), dx = e.clientX - drag.x, dy = e.clientY - drag.y;
  if (!drag.moved && Math.abs(dx) + Math.abs(dy) <= 4) return;
  drag.moved = true; b.classList.add("drag"); b.scrollLeft -= dx; b.scrollTop -= dy; drag.x = e.clientX; drag.y = e.clientY;
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { $("scroll").classList.remove("drag"); setTimeout(() => { drag = null; }); });
const press = id => () => $(id).click();
addEventListener("keydown", k => {
  if (k.ctrlKey || k.metaKey || k.altKey || /^(SELECT|INPUT)$/.test(k.target.tagName) && k.target.type !== "range") return;
  const to = step => () => { play(false); go(step); };
  const act = { "+": () => by(1.25), "=": () => by(1.25), "-": () => by(1 / 1.25), "0": press("fit"), Escape: () => choose(null), l: press("lecture"), L: press("lecture") };
  if (isPlayer) Object.assign(act, { ArrowRight: to(at + 1), ArrowLeft: to(at - 1), Home: to(0), End: to(steps.length - 1), p: press("predict"), P: press("predict"), n: press("nudge"), N: press("nudge") });
  if (isPlayer && !/^(BUTTON|SUMMARY)$/.test(k.target.tagName)) act[" "] = () => play(!timer);
  if (act[k.key]) { k.preventDefault(); act[k.key](); }
});
const pressed = (id, on) => $(id).setAttribute("aria-pressed", String(on));
const isPressed = id => $(id).getAttribute("aria-pressed") === "true";
$("lecture").onclick = () => { pressed("lecture", !isPressed("lecture")); document.documentElement.classList.toggle("lecture", isPressed("lecture")); byHand = false; rescale(); };
$("predict").onclick = () => { pressed("predict", !isPressed("predict")); go(at); };

// ---- nudge: an input changed a little, and what becomes of it ---------------------------------------------------------------

$("nudge").hidden = !(data.nudges || []).length;
$("nudge").onclick = () => { nudged = nudged ? null : data.nudges[0]; pressed("nudge", !!nudged); tell(); };
function nudgeTable() {
  const box = make("div", undefined, "target"), pick = make("select"), t = headed(make("table", undefined, "nudge"), ["value", "actual change", "predicted: gradient × change"]);
  data.nudges.forEach((n, i) => { const o = make("option", n.name); o.value = i; o.selected = n === nudged; pick.append(o); });
  pick.setAttribute("aria-label", "what is changed"); pick.onchange = () => { nudged = data.nudges[pick.value]; tell(); };
  const line = make("p", undefined, "notes");
  line.append("change ", pick, ` by ${short(nudged.by)}: what becomes of it, and what the derivative says`);
  const shown = new Set(shownCards().map(c => c.output));
  for (const [key, name, change, tangent] of nudged.values) {
    if (!shown.has(key)) continue;
    const r = t.insertRow();
    r.insertCell().textContent = name; r.insertCell().textContent = short(change); r.insertCell().textContent = short(tangent);
    r.cells[1].className = "value"; r.cells[2].className = "gradient";
  }
  box.append(line, t);
  return box;
}

// ---- off we go -----------------------------------------------------------------------------------------------------------------

function transcript() {
  if ($("all").children.length) return;
  steps.forEach((s, i) => {
    const li = make("li"), words = [...[s.rule, s.numbers].filter(p => p.length).map(plain), ...s.targets.flatMap(t => [plain(t.rule), plain(t.numbers)].filter(Boolean)), ...s.notes, s.line].filter(Boolean);
    li.append(button(s.title, () => { play(false); go(i); }), ...words.map(w => make("p", w, "line")));
    $("all").append(li);
  });
  $("all").children[at].setAttribute("aria-current", "step");
}
function controls() {
  document.querySelector("footer").hidden = false; $("text").hidden = false;
  $("time").oninput = () => { play(false); go(Number($("time").value)); };
  for (const [id, to] of [["first", () => 0], ["back", () => at - 1], ["next", () => at + 1], ["last", () => steps.length - 1]]) $(id).onclick = () => { play(false); go(to()); };
  $("play").onclick = () => play(!timer); $("speed").onchange = () => { if (timer) play(true); };
  $("text").addEventListener("toggle", transcript);
}
const MARKS = { tag: "▷", card: "▢", stack: "+", dashed: "┄", back: "⤴", count: "2" };
if (isPlayer) data.legend.push(["━", "lit: this step"], ["count", "gradients still to come"]);
for (const [mark, words] of data.legend) { const s = make("span"); s.append(make("b", MARKS[mark] || mark, mark.startsWith("=") ? "value" : mark === "count" ? "count" : mark.includes("∇") ? "gradient" : ""), ` ${words}`); $("legend").append(s); }
open = new Set(fromAddress().open);
compositionOf();
if (isPlayer) { controls(); chooseSteps(); rescale(); go(fromAddress().step - 1); }
else { document.body.classList.add("alone"); $("about").textContent = `${cards.size} cards`; rescale(); tell(); }
new ResizeObserver(() => { rescale(); }).observe($("scroll"));
addEventListener("hashchange", () => {
  const wanted = fromAddress();
  if (wanted.open.join() !== [...open].join()) { open = new Set(wanted.open); compositionOf(); if (isPlayer) { chooseSteps(); at = Math.min(at, steps.length - 1); paint(); } rescale(); }
  if (isPlayer && wanted.step - 1 !== at) { play(false); go(wanted.step - 1); }
});
let printedAt = 0;
addEventListener("beforeprint", () => { if (isPlayer) { printedAt = at; at = steps.length - 1; paint(); } });
addEventListener("afterprint", () => { if (isPlayer) go(printedAt); });
