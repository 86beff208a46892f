// The page of viz.animate. A layer is a table of taps: output cell o gets input cell i times weight cell k. A step is the taps
// of one cell. The same as stage.py and frame.py; here, too, as the window is dragged anywhere and settings are changed.
const data = JSON.parse(document.getElementById("data").textContent), $ = id => document.getElementById(id);
const PAD = -1, BEYOND = -2, NUMBERS = 16, TERMS = 16, FEW = 4;
const TARGETS = { forward: "output", shift_and_add: "output", grad_input: "input", grad_weight: "weight", grad_bias: "bias", matrix: "output", as_convolution: "output" };
const LETTERS = { output: "y", input: "x", weight: "w", bias: "b" }, TITLES = { output: "output", input: "input", weight: "kernel", bias: "bias" };
const FIELDS = { output: "y", input: "x", weight: "weight", bias: "bias" };
const titleOf = (m, part) => part === "weight" && !m.axes.length ? "weight" : TITLES[part], weightWord = m => m.axes.length ? "kernel" : "weight";
const product = list => list.reduce((a, b) => a * b, 1), range = n => [...Array(n).keys()], shapeText = s => s.join("×");

// ---- the layer --------------------------------------------------------------------------------------------------------

const empty = () => new Map();
function prepare(m) {  // numbers from text, and which taps each cell has
  for (const name of ["x", "weight", "bias", "y", "upstream", "grad_input", "grad_weight", "grad_bias"]) if (m[name]) m[name].values = m[name].values.map(value);
  m.index = { output: empty(), input: empty(), weight: empty() };
  for (const part of Object.keys(m.index)) m.taps[part].forEach((n, t) => { if (!m.index[part].has(n)) m.index[part].set(n, []); m.index[part].get(n).push(t); });
  return m;
}
const size = (m, part) => m[FIELDS[part]].values.length;
const on = m => m.kind === "transposed" ? "output" : "input", per = m => m.kind === "transposed" ? "input" : "output";
const seen = (m, view) => view === "as_convolution" ? { ...m, ...m.as_convolution, kind: "spread", flipped: true } : m;
const result = (m, view) => m[{ output: "y", input: "grad_input", weight: "grad_weight", bias: "grad_bias" }[TARGETS[view]]];
const used = (m, by, n) => by === "bias" ? [] : (m.index[by].get(n) || []).filter(t => m.taps.counts[t]);
function factors(m, view, t) {  // what a tap multiplies
  const { input, output, weight, factor } = m.taps, x = input[t] < 0 ? 0 : m.x.values[input[t]], g = output[t] < 0 ? 0 : m.upstream.values[output[t]];
  const w = m.weight ? [m.weight.values[weight[t]]] : [];
  m.plain ??= factor.every(f => f === 1);
  return [...{ output: [x, ...w], input: [g, ...w], weight: [g, x] }[TARGETS[view]], ...m.plain ? [] : [factor[t]]];
}
function soFar(m, view, by, n) {
  const end = result(m, view).values, target = TARGETS[view];
  if (by === target) return [end, end.map((_, i) => i <= n)];
  const bias = target === "output" && m.bias, values = end.map((_, i) => bias ? m.bias.values[Math.floor(i * m.bias.values.length / end.length)] : 0);
  const known = end.map(() => n + 1 === size(m, by));
  m.taps[by].forEach((cell, t) => {
    if (cell > n || !m.taps.counts[t]) return;
    values[m.taps[target][t]] += product(factors(m, view, t)); known[m.taps[target][t]] = true;
  });
  return [values, known];
}
function unravel(n, shape) {
  const index = [];
  for (let d = shape.length - 1; d >= 0; d--) { index.unshift(n % shape[d]); n = Math.floor(n / shape[d]); }
  return index;
}
function windowOf(m, n) {  // the channels and places of the board that the window of cell n covers
  const small = m[FIELDS[per(m)]].shape, area = product(small.slice(1)), channel = Math.floor(n / area), at = unravel(n % area, small.slice(1));
  const channels = m.board.shape[0] / m.groups, group = Math.floor(channel * m.groups / small[0]);
  return [range(channels).map(c => group * channels + c), m.axes.map((a, d) => a.windows[at[d]].map(c => c + a.padding[0]))];
}

// ---- panels, as in frame.py -------------------------------------------------------------------------------------------

// Planes of cells: [down][across] of { rows, columns, cells }; a panel has values and marks by the number of a cell.
function planesOf(cells, shape, rank) {
  const spatial = shape.slice(-rank), [slices, rows, columns] = rank > 2 ? spatial.slice(-3) : [1, ...[1, ...spatial].slice(-2)];
  const area = rows * columns, down = product(shape) / (slices * area) || 1;
  return range(down).map(d => range(slices).map(a => ({ rows, columns, cells: cells.slice((d * slices + a) * area, (d * slices + a + 1) * area) })));
}
function kernels(m, taps, whole) {
  const { shape } = m.weight, cells = range(size(m, "weight"));
  if (!m.axes.length) {
    const rows = whole ? range(shape[0]) : [...new Set(taps.map(t => Math.floor(m.taps.weight[t] / shape[1])))].sort((a, b) => a - b);
    return planesOf(rows.flatMap(r => cells.slice(r * shape[1], (r + 1) * shape[1])), [rows.length || 1, shape[1]], 2);
  }
  const area = product(shape.slice(2)), planes = [...new Set(taps.map(t => Math.floor(m.taps.weight[t] / area)))].sort((a, b) => a - b);
  const picked = (planes.length ? planes : [0]).map(p => cells.slice(p * area, (p + 1) * area));
  return planesOf(picked.map(p => m.flipped ? p.reverse() : p).flat(), [picked.length, ...shape.slice(2)], m.rank);
}
function panel(m, title, quantity, part, array, planes, lit, known, note) {
  const p = { title, quantity, part, planes, note: note || shapeText(array.shape), values: array.values, lit: new Set(lit), known: known || null, boxes: [], corner: {}, padding: "0", names: [] };
  if (planes.length > 1 && part !== "bias") p.names = planes.map(row => {
    const most = Math.max(...row.map(plane => Math.max(...plane.cells)));
    if (part === "input" || part === "output") return `channel ${Math.floor(most * array.shape[0] / array.values.length)}`;
    return part === "weight" || part === "product" ? `w[${unravel(most, m.weight.shape).slice(0, 2).join(", ")}]` : "";
  });
  return p;
}
function laidOut(m, part, title, quantity, array, known, view, by, n, taps) {
  let planes, lit;
  if (part === "bias") { planes = array.values.map((_, i) => [{ rows: 1, columns: 1, cells: [i] }]); lit = [n]; }
  else if (part === "weight") {
    const whole = title.startsWith("∂") && product(array.shape.slice(0, 2)) <= FEW;
    planes = kernels(m, whole ? range(m.taps.weight.length) : taps, true); lit = taps.map(t => m.taps.weight[t]);
  } else {
    const area = array.values.length / array.shape[0];
    lit = view === "grad_bias" ? range(area).map(i => n * area + i) : taps.map(t => m.taps[part][t]);
    planes = part === on(m) ? planesOf(m.board.cells, m.board.shape, m.rank) : planesOf(range(array.values.length), array.shape, m.rank);
  }
  if (part === by) lit = [n];
  const p = panel(m, title, quantity, part, array, planes, lit, known);
  if (part === on(m) && m.axes.length) {
    p.copies = m.board.copies;
    p.padding = m.kind === "transposed" ? "" : m.kind === "max" ? "−∞" : "0";
    if (by === per(m)) {
      const [channels, places] = windowOf(m, n), [across, rows, columns] = [[0], [0], ...places].slice(-3);
      if (m.kind !== "max") p.places = (d, a, r, c) => channels.includes(d) && across.includes(a) && rows.includes(r) && columns.includes(c);
      for (const c of channels) for (const a of across) p.boxes.push([c, a, rows[0], rows.at(-1), columns[0], columns.at(-1)]);
    }
  }
  return p;
}
function productsOf(m, view, by, taps) {
  if (!m.weight || view === "grad_bias") return null;
  const what = { output: `input × ${weightWord(m)}`, input: `upstream × ${weightWord(m)}`, weight: "upstream × input" }[TARGETS[view]], quantity = TARGETS[view] === "output" ? "value" : "gradient";
  let planes, values, places;
  if (by === "weight") {
    places = m.taps.output; values = m.y.values.map(() => 0);
    const area = values.length / m.y.shape[0], channel = taps.length ? Math.floor(places[taps[0]] / area) : 0;
    planes = m.axes.length ? planesOf(range(area).map(i => channel * area + i), [1, ...m.y.shape.slice(1)], m.rank) : planesOf(range(values.length), m.y.shape, m.rank);
  } else { places = m.taps.weight; values = m.weight.values.map(() => 0); planes = kernels(m, taps); }
  const known = values.map(() => by === per(m));
  for (const t of taps) { values[places[t]] += product(factors(m, view, t)); known[places[t]] = true; }
  return panel(m, "products", quantity, "product", { shape: by === "weight" ? m.y.shape : m.weight.shape, values }, planes, [], known, what);
}
// `look` is what is pointed at: its taps are lit, and the numbers stay those of the step.
function panelsOf(m, view, by, n, look) {
  const { by: lookBy, n: lookN } = look || { by, n }, target = TARGETS[view], taps = used(m, lookBy, lookN), [values, known] = soFar(m, view, by, n);
  if (view === "matrix") return matrixPanels(m, values, known, lookBy, lookN, taps);
  const array = part => part === "output" ? m.upstream : m[FIELDS[part]];
  const sources = { output: ["input", "weight"], input: ["output", "weight"], weight: ["output", "input"], bias: ["output"] }[target].filter(part => part !== "weight" || m.weight);
  const shown = sources.map(part => laidOut(m, part, part === "output" ? "∂L/∂y, upstream" : titleOf(m, part), part === "output" ? "gradient" : "value", array(part), null, view, lookBy, lookN, taps));
  const products = productsOf(m, view, lookBy, taps);
  if (products) shown.push(products);
  const last = laidOut(m, target, target === "output" ? "output" : `∂L/∂${LETTERS[target]}`, target === "output" ? "value" : "gradient", { shape: m[FIELDS[target]].shape, values }, known, view, lookBy, lookN, taps);
  if (m.kind === "max" && target === "output" && by === "output") {
    const area = m.x.values.length / m.x.shape[0];
    m.taps.output.forEach((o, t) => { if (m.taps.counts[t] && o <= n) last.corner[o] = `[${m.taps.input[t] % area}]`; });
  }
  if (m.kind === "unpool" && target === "output") {
    const area = m.y.values.length / m.y.shape[0];
    m.taps.output.forEach((o, i) => { shown[0].corner[i] = `[${o % area}]`; });
  }
  if (m.kind === "transposed" && target === "output" && by === "input") {
    const stamps = {};
    m.taps.output.forEach((o, t) => { if (m.taps.counts[t] && m.taps.input[t] <= n) stamps[o] = (stamps[o] || 0) + 1; });
    for (const [o, count] of Object.entries(stamps)) if (count > 1) last.corner[o] = `${count}×`;
  }
  return [...shown, last];
}
function matrixPanels(m, values, known, by, n, taps) {
  const rows = size(m, "output"), columns = size(m, "input"), cells = range(rows * columns), matrix = cells.map(() => 0), places = cells.map(() => false);
  m.taps.output.forEach((o, t) => {
    if (!m.taps.counts[t]) return;
    const at = o * columns + m.taps.input[t];
    places[at] = true; matrix[at] += (m.weight ? m.weight.values[m.taps.weight[t]] : 1) * m.taps.factor[t];
  });
  const column = count => [[{ rows: count, columns: 1, cells: range(count) }]], cellsOf = part => by === part ? [n] : taps.map(t => m.taps[part][t]);
  const lit = by === "output" ? range(columns).map(i => n * columns + i) : by === "input" ? range(rows).map(o => o * columns + n) : [];
  return [
    panel(m, "matrix", "value", "matrix", { shape: [rows, columns], values: matrix }, [[{ rows, columns, cells }]], lit, places),
    panel(m, "input", "value", "input", { shape: [columns], values: m.x.values }, column(columns), cellsOf("input")),
    panel(m, "output", "value", "output", { shape: [rows], values }, column(rows), cellsOf("output"), known),
  ];
}

// ---- the sentence, as in frame.py -------------------------------------------------------------------------------------

const cellName = (m, part, n, gradient) => `${gradient ? "∂L/∂" : ""}${LETTERS[part]}[${unravel(n, m[FIELDS[part]].shape).join(", ")}]`;
const signed = (v, brackets) => brackets && v < 0 ? `(${short(v)})` : short(v);
const joined = words => words[0] + words.slice(1).map(w => w.startsWith("−") ? ` − ${w.slice(1)}` : ` + ${w}`).join("");
function sumText(terms, offset, weighted) {
  const last = terms.length ? terms[0].at(-1) : 0, same = terms.length > 0 && terms.every(t => t.at(-1) === last);
  const share = !weighted && same && last > 0 && last < 1 && terms[0].length === 2 ? 1 / last : 0, whole = share && Math.abs(share - Math.round(share)) < 1e-6;
  let words = terms.slice(0, TERMS).map(term => (whole ? term.slice(0, 1) : term).map((v, i) => signed(v, i > 0)).join("·"));
  if (terms.length > TERMS) words.push(`… ${terms.length - TERMS} more`);
  if (whole) words = [words.length === 1 ? `${words[0]} / ${Math.round(share)}` : `(${joined(words)}) / ${Math.round(share)}`];
  if (offset) words.push(short(offset));
  return words.length ? joined(words) : "0";
}
function byKernel(m, view, taps, offset) {  // a number for each kernel that takes part
  const area = product(m.weight.shape.slice(2)), sums = new Map();
  for (const t of taps) { const plane = Math.floor(m.taps.weight[t] / area); sums.set(plane, (sums.get(plane) ?? 0) + product(factors(m, view, t))); }
  const words = [...sums].slice(0, TERMS).map(([plane, v]) => `${short(v)} (w[${unravel(plane, m.weight.shape.slice(0, 2)).join(", ")}])`);
  if (sums.size > TERMS) words.push(`… ${sums.size - TERMS} more`);
  if (offset) words.push(short(offset));
  return joined(words);
}
function sentence(m, view, by, n) {
  const target = TARGETS[view], taps = used(m, by, n);
  if (by !== target) return scattered(m, view, by, n, taps);
  const end = short(result(m, view).values[n]), name = cellName(m, target, n, target !== "output");
  if (view === "grad_bias") {
    const area = m.upstream.values.length / m.upstream.shape[0];
    return `${name} = ${sumText(m.upstream.values.slice(n * area, (n + 1) * area).map(v => [v]), 0)} = ${end}`;
  }
  if (m.kind === "max" && target === "output") {
    const all = m.index.output.get(n).filter(t => m.taps.input[t] >= 0).map(t => short(m.x.values[m.taps.input[t]]));
    const more = all.length > TERMS ? [`… ${all.length - TERMS} more`] : [];
    return `${name} = max(${[...all.slice(0, TERMS), ...more].join(", ")}) = ${cellName(m, "input", m.taps.input[taps[0]])} = ${end}`;
  }
  if (!taps.length) return `${name} = ${end}${target === "output" && m.bias ? ", the bias alone" : ""}: ${whyNowhere(m, target, n)}`;
  if (!m.weight && taps.length === 1 && m.taps.factor[taps[0]] === 1) {
    const source = target === "output" ? "input" : "output";
    return `${name} = ${cellName(m, source, m.taps[source][taps[0]], source === "output")} = ${end}`;
  }
  const offset = target === "output" && m.bias ? m.bias.values[Math.floor(n * m.bias.values.length / m.y.values.length)] : 0;
  if (taps.length > TERMS && m.axes.length && m.weight && target === "output") return `${name} = ${byKernel(m, view, taps, offset)} = ${end}`;
  return `${name} = ${sumText(taps.map(t => factors(m, view, t)), offset, !!m.weight)} = ${end}`;
}
function scattered(m, view, by, n, taps) {
  const target = TARGETS[view], gradient = by === "output", source = gradient ? m.upstream : m[FIELDS[by]];
  const start = `${cellName(m, by, n, gradient)} = ${short(source.values[n])}`, cells = [...new Set(taps.map(t => m.taps[target][t]))].sort((a, b) => a - b);
  if (!cells.length) return `${start} goes nowhere: ${whyNowhere(m, by, n)}`;
  let where = cellName(m, target, cells[0], target !== "output");
  if (cells.length > 1) where = `${cells.length} cells of ${where.split("[")[0]}`;
  if (!m.weight) {
    const shares = taps.map(t => m.taps.factor[t]), times = shares.every(s => s === 1) ? "" : new Set(shares).size === 1 ? `, times ${short(shares[0])},` : ", in shares,";
    return `${start}${times} goes to ${where}`;
  }
  let partner = m.axes.length ? "the kernel" : "its weights";
  if (by === "weight") partner = target === "output" ? "the shifted input" : "the shifted upstream gradient";
  else if (target === "weight") partner = by === "output" ? (m.axes.length ? "its window of x" : "the input") : (m.axes.length ? "the upstream gradient of its windows" : "the upstream gradient");
  return `${start}, times ${partner}, is added to ${where}`;
}
function whyNowhere(m, by, n) {
  if (m.kind === "unpool") return by === "input" ? "another cell with the same index comes later" : "no index points here";
  if (m.kind === "max" && by === "input" && m.index.input.has(n)) return "it is the largest of no window";
  if (by === "weight") return "it meets nothing but padding";
  if (by === "output") return m.kind === "transposed" || m.kind === "spread" ? "no stamp reaches it" : "it reads nothing but padding";
  return m.kind === "transposed" || m.kind === "spread" ? "its stamp is cut off" : "no window reads it";
}
function cellText(v) {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "nan" : v > 0 ? "∞" : "−∞";
  const s = Math.abs(v);
  let text;
  if (Number.isInteger(s) && s < 10000) text = String(s);
  else if (s >= 9999.5) { const [digits, power] = s.toExponential(0).split("e"); text = `${digits}e${Number(power)}`; }
  else if (s < 0.005) text = "0.00";
  else { text = s.toFixed(s < 9.995 ? 2 : s < 99.95 ? 1 : 0); if (text.includes(".")) text = text.replace(/\.?0+$/, ""); }
  return v < 0 ? "−" + text : text;
}

// ---- other settings: the layer made anew ------------------------------------------------------------------------------

const offsets = (m, s, n, out) => range(m.kind === "transposed" ? n : out).map(i => range(s.kernel_size).map(j => i * s.stride - s.padding + j * (s.dilation ?? 1)));
function outOf(m, s, n) {  // the size of the output by the formula, or below 1
  const span = (s.dilation ?? 1) * (s.kernel_size - 1) + 1;
  if (m.kind === "transposed") return s.output_padding < Math.max(s.stride, s.dilation) ? (n - 1) * s.stride - 2 * s.padding + span + s.output_padding : 0;
  if (m.kind !== "convolution" && s.padding > Math.floor(s.kernel_size / 2)) return 0;
  const room = n + 2 * s.padding - span;
  if (!s.ceil_mode) return room < 0 ? 0 : Math.floor(room / s.stride) + 1;
  const count = Math.ceil(room / s.stride) + 1;
  return count - ((count - 1) * s.stride >= n + s.padding ? 1 : 0);
}
function fits(m, s) {
  const channels = m.x.shape[0], wide = m.kind === "transposed" || m.kind === "convolution" ? m.filters : channels;
  const mixes = !("groups" in s) || (channels % s.groups === 0 && wide % s.groups === 0);
  const few = m.axes.every(a => outOf(m, s, a.size) <= 64);
  return mixes && few && m.axes.every(a => outOf(m, s, a.size) > 0);
}
const beats = (a, b) => !Number.isNaN(b) && (Number.isNaN(a) || a > b);  // nan above all, the first of equals
function remade(first, s) {
  const m = { ...first, settings: s, plain: undefined }, sizes = first.x.shape.slice(1), out = sizes.map(n => outOf(first, s, n)), channels = first.x.shape[0];
  const conv = m.kind === "convolution", stamp = m.kind === "transposed", kernel = sizes.map(() => s.kernel_size), cells = product(kernel);
  m.groups = s.groups ?? channels;
  m.axes = sizes.map((n, d) => ({ ...first.axes[d], size: n, out: out[d], kernel: s.kernel_size, stride: s.stride, padding: [s.padding, s.padding], dilation: s.dilation ?? 1, ceil_mode: s.ceil_mode ?? false, output_padding: s.output_padding ?? 0, windows: offsets(first, s, n, out[d]) }));
  const filters = conv || stamp ? first.filters : channels, yShape = [filters, ...out], area = product(out), small = stamp ? sizes : out, big = stamp ? out : sizes;
  const again = (old, shape) => {  // the old kernel, repeated where the new one is larger
    const strides = old.shape.map((_, d) => product(old.shape.slice(d + 1)));
    const values = range(product(shape)).map(i => old.values[unravel(i, shape).reduce((sum, at, d) => sum + at % old.shape[d] * strides[d], 0)]);
    return { shape, values: s.flip ? values.map((_, i) => values[i - i % cells + cells - 1 - i % cells]) : values };
  };
  if (m.weight) m.weight = again(first.weight, [conv ? filters : channels, (conv ? channels : filters) / m.groups, ...kernel]);
  const taps = { output: [], input: [], weight: [], factor: [] }, bigArea = product(big), smallArea = product(small);
  const perGroup = (conv ? channels : filters) / m.groups, inGroup = (conv ? filters : channels) / m.groups;
  const places = range(smallArea).map(p => {  // of each window, the cells on the larger side
    const at = unravel(p, small);
    return range(cells).map(k => {
      const offset = unravel(k, kernel);
      let cell = 0;
      for (let d = 0; d < big.length; d++) {
        const c = m.axes[d].windows[at[d]][offset[d]];
        if (c < 0 || c >= big[d]) return PAD;
        cell = cell * big[d] + c;
      }
      return cell;
    });
  });
  const add = (o, i, k, f) => { taps.output.push(o); taps.input.push(i); taps.weight.push(k); taps.factor.push(f); };
  if (m.weight) for (let g = 0; g < m.groups; g++) for (let f = 0; f < inGroup; f++) for (let p = 0; p < smallArea; p++) for (let c = 0; c < perGroup; c++) places[p].forEach((cell, k) => {
    const narrow = (g * inGroup + f) * smallArea + p, wide = cell === PAD ? PAD : (g * perGroup + c) * bigArea + cell;
    add(stamp ? wide : narrow, stamp ? narrow : wide, ((g * inGroup + f) * perGroup + c) * cells + k, 1);
  });
  else for (let c = 0; c < channels; c++) places.forEach((window, p) => {
    const at = unravel(p, small), counted = product(m.axes.map((a, d) => { const start = a.windows[at[d]][0], end = Math.min(start + s.kernel_size, a.size + s.padding); return end - start; }));
    const share = m.kind === "max" ? 1 : 1 / (s.count_include_pad ? counted : window.filter(cell => cell !== PAD).length);
    for (const cell of window) if (cell !== PAD || m.kind === "max") add(c * area + p, cell === PAD ? PAD : c * bigArea + cell, PAD, share);
  });
  m.taps = taps;
  taps.counts = taps.input.map((i, t) => i >= 0 && taps.output[t] >= 0);
  if (m.kind === "max") {
    const best = new Map();
    taps.input.forEach((i, t) => { if (i >= 0 && (!best.has(taps.output[t]) || beats(m.x.values[i], m.x.values[taps.input[best.get(taps.output[t])]]))) best.set(taps.output[t], t); });
    taps.counts = taps.input.map((_, t) => best.get(taps.output[t]) === t);
  }
  const count = product(yShape), zeros = shape => ({ shape, values: Array(product(shape)).fill(0) });
  m.y = { shape: yShape, values: range(count).map(i => m.bias ? m.bias.values[Math.floor(i / area)] : 0) };
  m.upstream = { shape: yShape, values: range(count).map(i => first.upstream.values[i % first.upstream.values.length]) };
  m.grad_input = zeros(m.x.shape); m.grad_weight = m.weight ? zeros(m.weight.shape) : null;
  m.grad_bias = m.bias ? { shape: m.bias.shape, values: m.bias.values.map((_, c) => m.upstream.values.slice(c * area, (c + 1) * area).reduce((a, b) => a + b, 0)) } : null;
  taps.counts.forEach((counts, t) => {
    if (!counts) return;
    m.y.values[taps.output[t]] += product(factors(m, "forward", t)); m.grad_input.values[taps.input[t]] += product(factors(m, "grad_input", t));
    if (m.weight) m.grad_weight.values[taps.weight[t]] += product(factors(m, "grad_weight", t));
  });
  m.board = boardOf(m, big, stamp ? filters : channels);
  m.as_convolution = stamp ? spread(m) : null;
  m.views = { ...first.views };
  if (m.y.values.length > 64 || m.x.values.length > 64 || m.kind === "max") delete m.views.matrix;
  else m.views.matrix = ["output"];
  return prepare(m);
}
function boardOf(m, big, channels) {
  const widths = m.axes.map((a, d) => [a.padding[0], a.padding[1], Math.max(0, Math.max(...a.windows.flat()) + 1 - big[d] - a.padding[1])]);
  const shape = [channels, ...big.map((n, d) => n + widths[d][0] + widths[d][1] + widths[d][2])], area = product(big);
  return { shape, cells: range(product(shape)).map(i => {
    const [c, ...at] = unravel(i, shape);
    let cell = c, mark = PAD, inside = true;
    at.forEach((place, d) => {
      const here = place - widths[d][0];
      if (here < 0 || here >= big[d]) inside = false;
      if (here >= big[d] + widths[d][1] && m.kind !== "transposed") mark = BEYOND;
      cell = cell * big[d] + here;
    });
    return inside ? cell : mark;
  }) };
}
function spread(m) {  // the input with zeros between its cells and around them: a window of stride 1 moves over it
  const sizes = m.x.shape.slice(1), axes = m.axes.map((a, d) => {
    const before = a.dilation * (a.kernel - 1) - a.padding[0], length = (sizes[d] - 1) * a.stride + 1 + 2 * before + a.output_padding;
    return { ...a, before, old: a, size: length, stride: 1, padding: [0, 0], output_padding: 0, kind: "window", windows: range(a.out).map(o => range(a.kernel).map(j => o + j * a.dilation)) };
  });
  const shape = [m.x.shape[0], ...axes.map(a => a.size)];
  const cells = range(product(shape)).map(i => {
    const [c, ...at] = unravel(i, shape);
    let cell = c;
    for (let d = 0; d < at.length; d++) {
      const here = (at[d] - axes[d].before) / axes[d].old.stride;
      if (!Number.isInteger(here) || here < 0 || here >= sizes[d]) return PAD;
      cell = cell * sizes[d] + here;
    }
    return cell;
  });
  return { axes, board: { shape, cells } };
}

// ---- drawing ----------------------------------------------------------------------------------------------------------

const first = prepare(data);
first.filters = first.y.shape[0];
let layer = first, view = data.view, by = data.by, step = data.step, look = null, timer = null, drag = null;
let ready = false;  // not before the page was shown once
const steps = () => size(layer, by), shown = () => seen(layer, view);
function make(tag, name, text) {
  const e = document.createElement(tag);
  if (name) e.className = name;
  if (text !== undefined) e.textContent = text;
  return e;
}
const litOf = (p, plane, d, a) => plane.cells.map((n, i) => p.places ? p.places(d, a, Math.floor(i / plane.columns), i % plane.columns) : n >= 0 && p.lit.has(n));
function drawPlane(p, plane, d, a, most, struck) {
  const box = make("div", "plane"), boxes = p.boxes.filter(b => b[0] === d && b[1] === a);
  box.style.gridTemplateColumns = `repeat(${plane.columns}, var(--cell))`;
  box.dataset.down = d; box.dataset.across = a;
  const lit = litOf(p, plane, d, a), count = lit.filter(Boolean).length;
  const filled = boxes.some(([, , top, bottom, left, right]) => range(bottom - top + 1).every(r => range(right - left + 1).every(c => lit[(top + r) * plane.columns + left + c])));
  plane.cells.forEach((n, i) => {
    const known = n >= 0 && (!p.known || p.known[n]), v = n >= 0 ? p.values[n] : 0, cell = make("i", "cell");
    cell.dataset.n = n; cell.dataset.at = i;
    if (p.copies && p.copies[(d * p.planes[0].length + a) * plane.cells.length + i]) cell.classList.add("copy");
    if (n < 0) cell.classList.add(n === BEYOND ? "beyond" : "pad");
    if (struck.has(n)) cell.classList.add("struck");
    if (known && Number.isFinite(v) && v !== 0) cell.style.backgroundColor = `color-mix(in srgb, var(--${v > 0 ? "plus" : "minus"}) ${Math.round(15 + 85 * Math.min(1, Math.abs(v) / most))}%, var(--card))`;
    cell.append(known ? cellText(v) : n === PAD ? p.padding : p.part === "matrix" ? "·" : "");
    if (known && p.corner[n]) cell.append(make("small", "", p.corner[n]));
    if (lit[i] && !filled) { if (count === 1) cell.classList.add("one"); else if (count < plane.cells.length) cell.classList.add("lit"); }
    box.append(cell);
  });
  for (const [, , top, bottom, left, right] of boxes) {
    const frame = make("div", "box");
    for (const [key, n] of [["left", left], ["top", top], ["width", right - left + 1], ["height", bottom - top + 1]]) frame.style[key] = `calc(${n} * var(--cell) - ${key === "left" || key === "top" ? 1 : -1}px)`;
    box.append(frame);
  }
  return box;
}
function drawPanel(m, p) {
  const figure = make("figure", p.quantity), caption = make("figcaption", "", p.title), down = make("div", "down");
  caption.append(make("span", "", p.note));
  figure.dataset.part = p.part;
  if (p.part === on(m) && m.axes.length) figure.classList.add("on");
  const numbers = p.planes.flat().flatMap(plane => plane.cells).filter(n => n >= 0 && (!p.known || p.known[n])).map(n => Math.abs(p.values[n])).filter(Number.isFinite);
  const most = numbers.reduce((a, b) => Math.max(a, b), 0) || 1, largest = Math.max(p.planes[0][0].rows, p.planes[0][0].columns);
  if (largest > NUMBERS) { figure.classList.add("small"); figure.style.setProperty("--cell", `${Math.max(7, Math.floor(420 / largest))}px`); }
  const struck = p.part === "input" && m.axes.length && !TARGETS[view].startsWith("w") ? new Set(range(size(m, "input")).filter(i => !m.index.input.has(i))) : new Set();
  p.planes.forEach((row, d) => {
    const across = make("div", "across");
    if (p.planes.length > 2 && row.length === 1) down.style.gridTemplateColumns = `repeat(${gridOf(p)}, max-content)`;
    row.forEach((plane, a) => {
      const one = make("div"), name = [p.names[d], row.length > 1 && `slice ${a}`].filter(Boolean).join(", ");
      if (name) one.append(make("p", "name", name));
      one.append(drawPlane(p, plane, d, a, most, struck));
      across.append(one);
    });
    down.append(across);
  });
  figure.append(caption, down);
  return figure;
}
function between(m, panels, i) {
  const after = panels[i + 1], last = i + 2 === panels.length, target = TARGETS[view];
  if (view === "matrix") return i === 0 ? ["@", ""] : ["=", m.bias ? "+ bias" : ""];
  if (after.part === "product") return ["=", ""];
  if (!last) return [by === target || by === per(m) ? "⊙" : "×", ""];
  if (by !== target) return ["→", m.kind === "unpool" ? "by index" : "added"];
  if (view === "forward" && (m.kind === "max" || m.kind === "average")) return ["→", m.kind === "max" ? "largest" : "mean"];
  return ["→", !m.weight ? "" : target === "output" && m.bias ? "sum + bias" : "sum"];
}
function sizeText(m) {
  const lines = new Map();
  for (const a of m.axes) {
    const [b, c] = a.padding, pads = b === c ? `2·${b}` : `(${b} + ${c})`, [l, r] = a.ceil_mode ? "⌈⌉" : "⌊⌋";
    const formula = a.kind === "adaptive" ? `${a.out} windows, as asked; window i reads from ⌊i·in / out⌋ up to ⌈(i + 1)·in / out⌉`
      : a.kind === "stamp" ? `= (${a.size} − 1)·${a.stride} − ${pads} + ${a.dilation}·(${a.kernel} − 1) + ${a.output_padding} + 1 = ${a.out}`
        : `= ${l}(${a.size} + ${pads} − ${a.dilation}·(${a.kernel} − 1) − 1) / ${a.stride}${r} + 1 = ${a.out}`;
    lines.set(formula, [...lines.get(formula) || [], a.name]);
  }
  return [...lines].map(([formula, names]) => `output ${names.join(" and ")} ${formula}`).join(" · ");
}
function legendText(m, panels) {
  const words = ["green above 0, purple below"], cells = new Set(panels.filter(p => p.part === on(m)).flatMap(p => p.planes.flat().flatMap(plane => plane.cells.filter(n => n < 0))));
  if (cells.has(PAD)) words.push(m.kind === "transposed" ? "dashed: padding, cut off" : m.kind === "spread" ? "dashed: zeros between and around the cells" : "dashed: padding");
  if (m.board.copies) words.push("dashed: padding, copies of cells inside");
  if (cells.has(BEYOND)) words.push("dotted: beyond the padding, only reached in ceil_mode");
  if (m.axes.length && panels.some(p => p.part === "input") && range(size(m, "input")).some(i => !m.index.input.has(i))) words.push("struck through: no window reads it");
  if (panels.some(p => Object.keys(p.corner).length)) words.push({ max: "[ ]: the index of the largest, in its plane of the input", unpool: "[ ]: the index, a place in a plane of the output" }[m.kind] || "2×: two stamps have been added here");
  return words.join("; ");
}
const gridOf = p => p.planes.length > 2 && p.planes[0].length === 1 ? Math.ceil(Math.sqrt(p.planes.length)) : 1;
function fitCells(stage, panels) {  // as large as all panels fit beside each other
  $("said").style.bottom = `${document.querySelector("footer").offsetHeight}px`;
  const large = panels.filter(p => Math.max(p.planes[0][0].rows, p.planes[0][0].columns) <= NUMBERS), columns = large.map(p => p.planes[0][0].columns * p.planes[0].length * gridOf(p));
  const rest = panels.length * 110 + 420 * (panels.length - large.length), rows = Math.max(1, ...large.map(p => Math.ceil(p.planes.length / gridOf(p)) * (p.planes[0][0].rows + 0.6)));
  const wide = (stage.clientWidth - rest) / (columns.reduce((a, b) => a + b, 0) || 1), high = (innerHeight - 330) / rows;
  stage.style.setProperty("--cell", innerWidth <= 820 ? "" : `${Math.max(40, Math.min(60, wide, high))}px`);
}
function draw() {
  const m = shown(), panels = panelsOf(m, view, by, step, look), stage = $("stage"), parts = [];
  panels.forEach((p, i) => {
    if (i === 0) return parts.push(drawPanel(m, p));
    const [sign, words] = between(m, panels, i - 1), e = make("div", "sign"), pair = make("div", "pair");
    e.append(make("small", "", words || "\u00a0"), sign);
    pair.append(e, drawPanel(m, p));  // a sign stays with the panel after it
    parts.push(pair);
  });
  stage.replaceChildren(...parts);
  fitCells(stage, panels);
  const text = look ? sentence(m, view, look.by, look.n) : sentence(m, view, by, step), cut = text.lastIndexOf(" = ") + 3, said = $("said");
  said.replaceChildren(text.slice(0, cut), make("b", "", text.slice(cut)));
  if (text.includes(" goes ") || text.includes(" is added ") || cut < 3) said.replaceChildren(text);
  said.className = TARGETS[view] === "output" ? "" : "warm";
  $("where").textContent = `${data.titles[view]}, step ${step + 1} of ${steps()}`;
  $("size").textContent = sizeText(m); $("legend").textContent = legendText(m, panels);
  $("time").max = steps() - 1; $("time").value = step;
  $("time").setAttribute("aria-valuetext", `step ${step + 1} of ${steps()}`);
  for (const b of $("views").children) b.setAttribute("aria-pressed", String(b.dataset.view === view));
}
function go(to) {
  step = Math.max(0, Math.min(steps() - 1, to)); look = null; draw();
  if (ready) [...document.querySelectorAll("#stage .one, #stage .box")].at(-1)?.scrollIntoView({ block: "nearest" });
}
function choose(nextView, nextBy) {
  const ways = layer.views[nextView];
  view = nextView; by = nextBy || ways[0]; look = null;
  $("way").replaceChildren(...ways.length < 2 ? [] : ["a step is ", ...ways.map(way => wayButton(way))]);
  go(Math.min(step, steps() - 1));
}
const CELLS = { input: "an input cell", output: "an output cell", weight: "a weight" };
function wayButton(way) {
  const b = make("button", "", CELLS[way]);
  b.type = "button"; b.onclick = () => { step = 0; choose(view, way); };
  b.setAttribute("aria-pressed", String(way === by));
  return b;
}
function showViews() {
  $("views").replaceChildren(...Object.keys(layer.views).map(name => {
    const b = make("button", "", data.titles[name].split(",")[0]);
    b.type = "button"; b.dataset.view = name; b.onclick = () => { step = 0; choose(name); };
    return b;
  }));
}

// ---- pointing, dragging, keys -----------------------------------------------------------------------------------------

function target(e) {
  const cell = e.target.closest?.(".cell"), figure = cell?.closest("figure");
  return figure ? { cell, part: figure.dataset.part, n: Number(cell.dataset.n), on: figure.classList.contains("on") } : null;
}
function nearest(e, plane) {  // the cell whose window has its middle nearest to the pointer
  const m = shown(), box = plane.getBoundingClientRect(), small = m[FIELDS[per(m)]].shape, wide = box.width / (m.board.shape.at(-1));
  const want = [(e.clientY - box.top) / wide, (e.clientX - box.left) / wide].slice(m.rank === 1 ? 1 : 0), area = product(small.slice(1));
  const at = m.axes.map((a, d) => {
    if (m.rank === 3 && d === 0) return pickNearest(a, Number(plane.dataset.across) + 0.5);
    return pickNearest(a, want[d - (m.rank === 3 ? 1 : 0)]);
  });
  const channel = by === per(m) ? Math.floor(step / area) : 0;
  return channel * area + at.reduce((sum, i, d) => sum * small[d + 1] + i, 0);
}
function pickNearest(a, place) {
  let best = 0, least = Infinity;
  a.windows.forEach((w, i) => { const far = Math.abs((w[0] + w.at(-1) + 1) / 2 + a.padding[0] - place); if (far < least) { least = far; best = i; } });
  return best;
}
const stageBox = $("stage");
stageBox.addEventListener("pointerdown", e => {
  const hit = target(e);
  if (!hit) return;
  const m = shown();
  if (hit.on && layer.views[view].includes(per(m))) {
    e.preventDefault(); stop();
    if (by !== per(m)) choose(view, per(m));
    drag = { down: hit.cell.parentElement.dataset.down, across: hit.cell.parentElement.dataset.across };
    stageBox.setPointerCapture(e.pointerId); stageBox.classList.add("dragging"); moved(e);
  } else if (hit.part === by && hit.n >= 0) { stop(); go(hit.n); }
});
function dragged() { return stageBox.querySelector(`.on .plane[data-down="${drag.down}"][data-across="${drag.across}"]`); }
function moved(e) {
  step = nearest(e, dragged()); look = null; draw();
  const plane = dragged(), frame = plane.querySelector(".box"), box = plane.getBoundingClientRect();
  if (!frame) return;
  const clamp = (v, most) => Math.max(0, Math.min(most, v));
  frame.style.left = `${clamp(e.clientX - box.left - frame.offsetWidth / 2, box.width - frame.offsetWidth)}px`;
  if (shown().rank > 1) frame.style.top = `${clamp(e.clientY - box.top - frame.offsetHeight / 2, box.height - frame.offsetHeight)}px`;
}
stageBox.addEventListener("pointermove", e => { if (drag) moved(e); });
let letGo = null;  // where a drag ended: the cell there is not pointed at until the pointer has left it
const place = e => `${target(e)?.part} ${target(e)?.cell.dataset.at}`;
const released = e => {
  if (!drag) return;
  drag = null; stageBox.classList.remove("dragging"); draw();
  const under = document.elementFromPoint(e.clientX, e.clientY);
  letGo = under ? place({ target: under }) : null;
};
stageBox.addEventListener("pointerup", released); stageBox.addEventListener("pointercancel", released);
stageBox.addEventListener("pointerover", e => {
  const hit = target(e);
  if (drag || timer || e.pointerType === "touch" || !hit || place(e) === letGo) return;
  letGo = null;
  const columns = layer.x.values.length;
  let next = null;
  if (hit.part === "matrix") next = { by: "output", n: Math.floor(hit.n / columns) };
  else if (hit.n >= 0 && layer.index[hit.part] && view !== "grad_bias") next = { by: hit.part, n: hit.n };
  if (next?.by === look?.by && next?.n === look?.n) return;
  look = next; draw();
});
stageBox.addEventListener("pointerleave", () => { if (look && !drag) { look = null; draw(); } });

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
function stop() { clearInterval(timer); timer = null; $("play").textContent = "▶ play"; }
function play() {
  if (timer) return stop();
  if (step + 1 >= steps()) go(0);
  $("play").textContent = "❚❚ pause";
  timer = setInterval(() => { if (step + 1 >= steps()) stop(); else go(step + 1); }, still ? 1600 : 900);
}
$("play").onclick = play; $("back").onclick = () => { stop(); go(step - 1); }; $("next").onclick = () => { stop(); go(step + 1); };
$("time").oninput = e => { stop(); go(Number(e.target.value)); };
addEventListener("resize", () => draw());
addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || (e.target.matches?.("input, select") && e.key !== "l")) return;
  const row = (layer[FIELDS[by]].shape.at(-1)) || 1, names = Object.keys(layer.views);
  const acts = {
    ArrowRight: () => go(step + 1), ArrowLeft: () => go(step - 1), ArrowDown: () => go(step + row), ArrowUp: () => go(step - row), Home: () => go(0), End: () => go(steps() - 1),
    b: () => $("way").querySelector('[aria-pressed="false"]')?.click(), l: () => document.documentElement.classList.toggle("lecture"),
  };
  if (e.key === " ") { if (e.target.matches?.("button, summary")) return; play(); }
  else if (acts[e.key] || acts[e.key.toLowerCase()]) { if (e.key.startsWith("Arrow")) stop(); (acts[e.key] || acts[e.key.toLowerCase()])(); }
  else if (names[Number(e.key) - 1]) { step = 0; choose(names[Number(e.key) - 1]); }
  else return;
  e.preventDefault();
});

// ---- what if ----------------------------------------------------------------------------------------------------------

const NUMERIC = ["kernel_size", "stride", "padding", "dilation", "output_padding", "groups"];
let settings = { ...data.settings };
function change(name, to) {
  const wanted = { ...settings, [name]: to };
  if (!fits(first, wanted)) {
    $("refused").textContent = refusal(name, wanted);
    return false;
  }
  settings = wanted; $("refused").textContent = "";
  const same = Object.entries(data.settings).every(([key, v]) => settings[key] === v) && !settings.flip && data.axes.every(a => a.kernel === data.axes[0].kernel);
  layer = same ? first : remade(first, settings);
  $("title").textContent = same ? data.layer_title : `${data.layer.split(" ")[0]} ${Object.entries(settings).filter(([, v]) => v !== false).map(([k, v]) => v === true ? k : `${k} ${v}`).join(", ")}: ${shapeText(layer.x.shape)} → ${shapeText(layer.y.shape)}`;
  if (!layer.views[view]) view = "forward";
  showViews(); choose(view, layer.views[view].includes(by) ? by : undefined);
  return true;
}
function refusal(name, wanted) {
  const near = range(16).filter(v => v >= (name === "padding" || name === "output_padding" ? 0 : 1) && fits(first, { ...wanted, [name]: v })).sort((a, b) => Math.abs(a - wanted[name]) - Math.abs(b - wanted[name]));
  const others = NUMERIC.filter(other => other in wanted && other !== name).map(other => {
    const found = range(16).filter(v => v >= (other === "padding" || other === "output_padding" ? 0 : 1) && fits(first, { ...wanted, [other]: v })).sort((a, b) => Math.abs(a - wanted[other]) - Math.abs(b - wanted[other]));
    return found.length ? `${other} ${found[0]}` : "";
  }).filter(Boolean);
  const ways = [near.length ? `${name} ${near[0]}` : "", ...others.map(o => `${o} with it`)].filter(Boolean);
  return `${name} ${wanted[name]} does not fit${ways.length ? `; what would: ${ways.join(", ")}` : ""}.`;
}
function showSettings() {
  const box = $("settings");
  $("change").hidden = !Object.keys(data.settings).length;
  for (const [name, start] of Object.entries({ ...data.settings, ...first.weight && Object.keys(data.settings).length ? { flip: false } : {} })) {
    const label = make("label"), input = make("input"), said = make("output");
    label.append(name === "flip" ? "kernel turned around (what mathematics calls a convolution)" : name, input, said);
    input.dataset.name = name;
    if (typeof start === "boolean") {
      input.type = "checkbox"; input.checked = start;
      input.onchange = () => { if (!change(name, input.checked)) input.checked = settings[name] ?? false; };
    } else {
      input.type = "range"; input.min = name === "padding" || name === "output_padding" ? 0 : 1; input.max = Math.max(7, start); input.value = start; said.textContent = start;
      input.oninput = () => { if (!change(name, Number(input.value))) input.value = settings[name]; said.textContent = settings[name]; };
    }
    box.append(label);
  }
}
data.layer_title = $("title").textContent;
showViews(); showSettings(); choose(view, by); go(data.step); ready = true;
