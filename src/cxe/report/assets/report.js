// Filters, sorting, tiles, charts and theme, over the rows embedded in the page. No number is computed
// here: a filter chooses rows that the metrics layer answered.
"use strict";

const UNKNOWN = "–";
const root = document.documentElement;
const filters = document.querySelector("form.filters");
const blocks = [...document.querySelectorAll("section.block")].map(readBlock);

function readBlock(element) {
  const spec = element.querySelector("script.spec");
  return {
    element,
    ...JSON.parse(element.querySelector("script.data").textContent),
    spec: spec && JSON.parse(spec.textContent),
    sorting: null,
    view: null,
  };
}

// A cell is its value, or the value and what is shown for it.
const raw = (cell) => (Array.isArray(cell) ? cell[0] : cell);
const shown = (cell) => (Array.isArray(cell) ? cell[1] : String(cell));
const place = (block, name) => block.columns.findIndex((column) => column.name === name);

// ---- what is chosen

function choice() {
  const chosen = {};
  for (const select of filters ? filters.querySelectorAll("select") : []) chosen[select.name] = select.value;
  return chosen;
}

function chosenRows(block, chosen) {
  return block.rows.filter((row) =>
    block.scopes.every((scope) => (raw(row[place(block, scope)]) ?? "") === (chosen[scope] ?? "")));
}

function readHash() {
  const wanted = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  for (const select of filters ? filters.querySelectorAll("select") : []) {
    const value = wanted.get(select.name);
    const known = [...select.options].some((option) => option.value === value);
    select.selectedIndex = 0;
    if (known) select.value = value;
  }
}

function writeHash() {
  const kept = new URLSearchParams();
  for (const select of filters.querySelectorAll("select")) {
    if (select.selectedIndex > 0) kept.set(select.name, select.value);
  }
  const text = kept.toString();
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  carryOver();
}

// What is chosen goes along to the other pages.
function carryOver() {
  const hash = location.hash.includes("=") ? location.hash : "";
  for (const link of document.querySelectorAll(".masthead nav a")) {
    link.setAttribute("href", link.getAttribute("href").split("#")[0] + hash);
  }
}

// ---- tables and tiles

function fillTable(block, rows) {
  const body = block.element.querySelector("tbody");
  if (!body) return;
  const ordered = block.sorting ? sorted(rows, block.sorting) : rows;
  body.replaceChildren(...ordered.map((row) => {
    const line = document.createElement("tr");
    for (const index of block.shown) {
      const column = block.columns[index];
      const cell = document.createElement("td");
      if (column.unit) cell.className = isNumber(column) ? "number" : "date";
      const isAll = raw(row[index]) === null && block.scopes.includes(column.name);
      holder(block, column, row, cell).textContent = isAll ? "All" : shown(row[index]);
      line.append(cell);
    }
    return line;
  }));
}

// What a cell's text stands in: a link to the metric that the row names, a status, or the cell itself.
function holder(block, column, row, cell) {
  const metric = column.metricIn && raw(row[place(block, column.metricIn)]);
  if (!metric && !column.stateIn) return cell;
  const inner = document.createElement(metric ? "a" : "span");
  if (metric) inner.setAttribute("href", `metrics.html#${metric}`);
  else {
    inner.className = "status";
    inner.dataset.state = raw(row[place(block, column.stateIn)]) ?? "";
  }
  cell.append(inner);
  return inner;
}

const isNumber = (column) => column.unit !== "" && column.unit !== "month" && column.unit !== "date";

function sorted(rows, { column, direction }) {
  const known = rows.filter((row) => raw(row[column]) !== null);
  const rest = rows.filter((row) => raw(row[column]) === null);
  known.sort((one, other) => {
    const [left, right] = [raw(one[column]), raw(other[column])];
    const order = typeof left === "number" ? left - right : String(left).localeCompare(String(right));
    return direction === "ascending" ? order : -order;
  });
  return [...known, ...rest];
}

function makeSortable(block) {
  for (const head of block.element.querySelectorAll("th")) {
    const column = Number(head.dataset.column);
    const label = head.textContent.trim();
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sort by ${label}`);
    button.textContent = "↕";
    button.addEventListener("click", () => {
      const again = block.sorting && block.sorting.column === column;
      // Numbers are looked at from the largest.
      const first = isNumber(block.columns[column]) ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      block.sorting = { column, direction: again && block.sorting.direction === first ? other : first };
      for (const one of block.element.querySelectorAll("th")) {
        one.removeAttribute("aria-sort");
        one.querySelector("button").textContent = "↕";
      }
      head.setAttribute("aria-sort", block.sorting.direction);
      button.textContent = block.sorting.direction === "ascending" ? "↑" : "↓";
      fillTable(block, chosenRows(block, choice()));
    });
    head.append(button);
  }
}

function fillTiles(block, rows, chosen) {
  const earlier = earlierRow(block, chosen);
  for (const tile of block.element.querySelectorAll(".tile")) {
    const index = Number(tile.dataset.column);
    tile.querySelector(".value").textContent = rows.length ? shown(rows[0][index]) : UNKNOWN;
    const trend = tile.querySelector(".trend");
    trend.className = "trend";
    trend.textContent = "";
    if (!earlier || !rows.length) continue;
    const [now, then] = [raw(rows[0][index]), raw(earlier[index])];
    const when = shown(earlier[place(block, "month")]);
    if (now === null || then === null) continue;
    const better = block.columns[index].better;
    const rises = now > then;
    const word = shown(rows[0][index]) === shown(earlier[index]) ? "same"
      : better === "none" ? "other" : rises === (better === "higher") ? "better" : "worse";
    if (word === "better" || word === "worse") trend.classList.add(word);
    const arrow = word === "same" ? "=" : rises ? "▲" : "▼";
    trend.textContent = word === "same" ? `= as in ${when}`
      : `${arrow} ${word === "other" ? "" : `${word}, `}from ${shown(earlier[index])} in ${when}`;
  }
}

function earlierRow(block, chosen) {
  if (!block.scopes.includes("month") || !chosen.month) return null;
  const [year, month] = chosen.month.split("-").map(Number);
  const at = new Date(Date.UTC(year, month - 1 - block.earlierMonths, 1));
  const then = { ...chosen, month: at.toISOString().slice(0, 10) };
  return chosenRows(block, then)[0];
}

// ---- charts

// Vega keeps the order in which it first met names: a chart that stands in the order of its rows sorts
// by their place.
function chartRows(block, rows) {
  return rows.map((row, at) => ({
    ...Object.fromEntries(block.columns.map((column, index) => [column.name, raw(row[index])])),
    _row: at,
  }));
}

async function drawChart(block, rows) {
  const place = block.element.querySelector(".chart");
  if (!place || !window.vegaEmbed) return;
  if (block.view) {
    block.view.data("rows", chartRows(block, rows));
    await block.view.runAsync();
    return;
  }
  const spec = { ...block.spec, datasets: { rows: chartRows(block, rows) } };
  // Errors only: a choice without a number is no mistake.
  const options = { actions: false, renderer: "svg", config: window.chartConfig, logLevel: 1 };
  const result = await window.vegaEmbed(place, spec, options);
  block.view = result.view;
  // The place is named and the rows are in the table; marks without names would be read out.
  place.querySelector("svg").setAttribute("aria-hidden", "true");
}

// Charts are drawn for the screen; paper is as wide as the style sheet says.
function startPrinting() {
  const button = document.querySelector("button.print");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  // Sizes are those of the whole drawing; a view tells of its inner part only.
  const draw = (block, width, height) => block.view.width(width).height(height).run();
  const drawn = () => blocks.filter((block) => block.view);
  window.addEventListener("beforeprint", () => {
    for (const block of drawn()) {
      const svg = block.element.querySelector(".chart svg");
      const paper = getComputedStyle(block.element);
      block.screen = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
      const [width, height] = ["--print-width", "--print-height"].map((name) => parseFloat(paper.getPropertyValue(name)));
      draw(block, width, height || block.screen[1]);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const block of drawn()) if (block.screen) draw(block, ...block.screen);
  });
}

// ---- all together

async function show() {
  const chosen = choice();
  const drawn = [];
  for (const block of blocks) {
    const rows = chosenRows(block, chosen);
    if (block.kind === "tiles") fillTiles(block, rows, chosen);
    else fillTable(block, rows);
    if (block.spec) drawn.push(drawChart(block, rows));
  }
  showScope();
  await Promise.all(drawn);
  root.dataset.drawn = "true";
}

// Summaries are written for the first view: beside another one a reader has to know.
function showScope() {
  if (!filters) return;
  const other = [...filters.querySelectorAll("select")].filter((select) => select.selectedIndex > 0);
  const names = other.map((select) => select.selectedOptions[0].textContent);
  filters.querySelector(".scope").textContent = names.length
    ? `Tables and charts that can be cut show ${names.join(", ")}; sentences describe the first view.` : "";
}

// ---- the catalogue

function startFinding() {
  const form = document.querySelector("form.find");
  if (!form) return;
  const metrics = [...document.querySelectorAll("article.metric")].map((element) => ({
    element,
    text: [...element.querySelectorAll("[data-find]")].map((part) => part.textContent).join(" ").toLowerCase(),
  }));
  const find = () => {
    const { words, tier, owner } = Object.fromEntries(new FormData(form));
    const wanted = words.toLowerCase().split(/\s+/);
    for (const { element, text } of metrics) {
      element.hidden = !wanted.every((word) => text.includes(word))
        || Boolean(tier && tier !== element.dataset.tier) || Boolean(owner && owner !== element.dataset.owner);
    }
    const found = metrics.filter(({ element }) => !element.hidden).length;
    form.querySelector(".found").textContent = found === metrics.length ? `All ${found} metrics`
      : `${found || "No"} metric${found === 1 ? "" : "s"} of ${metrics.length} found`;
    hideEmptyGroups();
  };
  form.hidden = false;
  form.addEventListener("input", find);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    metrics.find(({ element }) => !element.hidden)?.element.focus();
  });
  window.addEventListener("hashchange", openLinked);
  // A link that is followed a second time changes no address.
  document.addEventListener("click", (event) => {
    if (location.hash && event.target.closest("a")?.getAttribute("href") === location.hash) openLinked();
  });
  find();
  openLinked();
}

function hideEmptyGroups() {
  for (const group of document.querySelectorAll(".group")) {
    const metrics = [...group.querySelectorAll("article.metric")];
    group.hidden = metrics.length > 0 && metrics.every((element) => element.hidden);
  }
}

// What a link leads to is shown, whatever is searched for.
function openLinked() {
  const linked = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!linked) return;
  if (linked.matches("article.metric")) {
    linked.hidden = false;
    hideEmptyGroups();
    linked.querySelector("details").open = true;
    linked.focus({ preventScroll: true });
  } else if (linked.matches("details")) {
    linked.open = true;
  } else if (linked.hidden) {
    const form = document.querySelector("form.find");
    form.reset();
    form.dispatchEvent(new Event("input"));
  }
  linked.scrollIntoView();
}

const THEMES = { auto: "system", light: "light", dark: "dark" };

function startTheme() {
  const button = document.querySelector("button.theme");
  const apply = (theme) => {
    root.dataset.theme = theme;
    button.querySelector("span").textContent = THEMES[theme];
    button.setAttribute("aria-label", `Theme: ${THEMES[theme]}`);
  };
  let stored = null;
  try { stored = localStorage.getItem("cxe-theme"); } catch { /* no storage: the system decides */ }
  apply(stored in THEMES ? stored : "auto");
  button.hidden = false;
  button.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(root.dataset.theme) + 1) % names.length];
    apply(next);
    try { localStorage.setItem("cxe-theme", next); } catch { /* kept for this page only */ }
  });
}

function startMenu() {
  const menu = document.querySelector("details.menu");
  if (!menu) return;
  const wide = matchMedia("(min-width: 80rem)");
  const close = () => { menu.open = wide.matches; };
  wide.addEventListener("change", close);
  close();
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || wide.matches) return;
    close();
    menu.querySelector("summary").focus();
  });
  // A click that focuses nothing is no leaving: it may be on a link of the menu.
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) close();
  });
  document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) close(); });
}

startTheme();
startMenu();
startPrinting();
startFinding();
carryOver();
if (filters) {
  filters.hidden = false;
  readHash();
  filters.addEventListener("change", () => { writeHash(); show(); });
  filters.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => {
    // A jump within the page chooses nothing.
    if (location.hash && !location.hash.includes("=")) return;
    readHash();
    carryOver();
    show();
  });
}
for (const block of blocks) makeSortable(block);
show();
