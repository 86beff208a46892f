"use strict";
// Numbers as text, by the rules of number() in summary.py; every page has this script.

const value = v => typeof v === "string" ? { inf: Infinity, "-inf": -Infinity }[v] ?? NaN : Number(v);
function short(v) {
  if (typeof v === "boolean") return v ? "True" : "False";
  v = value(v);
  const size = Math.abs(v), sign = v < 0 ? "−" : "";
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "nan" : sign + "inf";
  if (v === 0) return "0";
  if (size < 1e6 && Number.isInteger(size)) return sign + size;
  if (size >= 1e-3 && size < 999999.5) return sign + (size >= 999.95 ? size.toFixed(0) : String(Number(size.toPrecision(4))));
  let [digits, power] = size.toExponential(2).split("e");
  const p = power.slice(1).padStart(2, "0");
  digits = String(Number(p.length > 2 ? Number(digits).toFixed(1) : digits));
  return `${sign}${digits}e${power[0]}${p}`;
}
