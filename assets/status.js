// @ts-check
/// <reference path="../node_modules/uplot/dist/uPlot.d.ts" />

// The script of the status page: fetches the page once a second, puts the new cells in place of the
// old ones, sorts tables, and draws what changes over time. Without it the page is complete, but
// still. It talks to nobody but the admin listener that it came from.

(() => {
  const REFRESH_MS = 1_000;
  const PATIENCE_MS = 5_000;
  /** Five minutes. */
  const POINT_LIMIT = 300;
  const CHART_HEIGHT = 200;
  const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

  /**
   * Counters are drawn as their change per second, everything else as it is.
   * @type {readonly { readonly id: string, readonly title: string, readonly isRate: boolean }[]}
   */
  const CHARTS = [
    { id: "phases", title: "Connections by phase", isRate: false },
    { id: "fin-wait-2", title: "Sockets in FIN-WAIT-2", isRate: false },
    { id: "endings", title: "Endings per second, by outcome", isRate: true },
  ];

  /**
   * @template {Element} T
   * @param {string} id
   * @param {new () => T} type
   * @returns {T}
   */
  function element(id, type) {
    const found = document.getElementById(id);
    if (found instanceof type) return found;
    throw new TypeError(`The page has no ${id}`);
  }

  const live = element("live", HTMLElement);
  const pauseButton = element("pause", HTMLButtonElement);

  /** Said to screen readers as well, so only when something has changed. @param {string} text */
  function say(text) {
    if (live.textContent !== text) live.textContent = text;
  }

  // --- Tables ---

  /** @type {Map<string, { column: number, isDescending: boolean }>} By the id of the table. */
  const orders = new Map();

  /** @param {HTMLTableElement} table */
  function makeSortable(table) {
    for (const [column, head] of [...table.querySelectorAll("thead th")].entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => {
        const before = orders.get(table.id);
        // Numbers are of interest from the largest on, names from the first.
        const isDescending =
          before?.column === column ? !before.isDescending : head.classList.contains("number");
        orders.set(table.id, { column, isDescending });
        sort(table);
        say(`Sorted by ${button.textContent}, ${isDescending ? "descending" : "ascending"}`);
      });
      head.replaceChildren(button);
    }
  }

  /** @param {HTMLTableElement} table */
  function sort(table) {
    const order = orders.get(table.id);
    const body = table.tBodies[0];
    if (order === undefined || body === undefined) return;
    const { column, isDescending } = order;
    for (const [index, head] of [...table.querySelectorAll("thead th")].entries()) {
      if (index === column) {
        head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      } else head.removeAttribute("aria-sort");
    }
    const rows = [...body.rows];
    const sign = isDescending ? -1 : 1;
    rows.sort((one, other) => sign * compare(one.cells[column], other.cells[column]));
    body.replaceChildren(...rows);
  }

  /** @param {HTMLTableCellElement | undefined} one @param {HTMLTableCellElement | undefined} other */
  function compare(one, other) {
    const [left, right] = [one?.dataset.value, other?.dataset.value];
    if (left !== undefined && right !== undefined) return Number(left) - Number(right);
    return (one?.textContent ?? "").localeCompare(other?.textContent ?? "", "en", {
      numeric: true,
    });
  }

  // --- Charts ---

  /**
   * @typedef {{
   *   readonly isRate: boolean,
   *   readonly figure: HTMLElement,
   *   readonly names: string[],
   *   readonly data: (number | null)[][],
   *   before: { readonly atMs: number, readonly values: number[] } | null,
   *   plot: import("uplot") | null,
   * }} Chart
   */

  /** @type {Map<string, Chart>} */
  const charts = new Map();

  /** @param {string} name */
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function makeCharts() {
    const place = element("charts", HTMLElement);
    place.hidden = false;
    for (const { id, title, isRate } of CHARTS) {
      const names = [...seriesOf(document, id).keys()];
      if (names.length === 0) continue;
      const figure = document.createElement("figure");
      figure.id = `chart-${id}`;
      const caption = document.createElement("figcaption");
      caption.textContent = title;
      figure.append(caption);
      place.append(figure);
      const data = [[], ...names.map(() => [])];
      const chart = { isRate, figure, names, data, before: null, plot: null };
      charts.set(id, chart);
      draw(chart);
    }
  }

  /** Anew, in the colors and the width of the moment. @param {Chart} chart */
  function draw(chart) {
    chart.plot?.destroy();
    const axis = {
      stroke: color("--muted"),
      grid: { stroke: color("--grid"), width: 1 },
      ticks: { stroke: color("--grid"), width: 1 },
      font: "11px system-ui",
    };
    /** @param {unknown} _plot @param {number[]} splits */
    const times = (_plot, splits) =>
      splits.map((atSeconds) => new Date(atSeconds * 1_000).toISOString().slice(11, 19));
    const series = chart.names.map((label, index) => ({
      label,
      stroke: color(`--series-${(index % 9) + 1}`),
      width: 1.5,
      dash: DASHES[index % DASHES.length] ?? [],
      points: { show: false },
      /** @param {unknown} _plot @param {number | null} value */
      value: (_plot, value) => (value === null ? "" : String(Math.round(value * 10) / 10)),
    }));
    /** @type {import("uplot").Options} */
    const options = {
      width: widthOf(chart),
      height: CHART_HEIGHT,
      series: [{ label: "time" }, ...series],
      axes: [
        { ...axis, values: times, space: 70 },
        { ...axis, size: 44 },
      ],
      scales: { y: { range: (_plot, _least, most) => [0, Math.max(most * 1.1, 1)] } },
      cursor: { drag: { x: false, y: false } },
      legend: { live: true },
    };
    // uPlot comes as a script of its own.
    const { uPlot } = /** @type {{ uPlot: typeof import("uplot") }} */ (
      /** @type {unknown} */ (globalThis)
    );
    chart.plot = new uPlot(
      options,
      /** @type {import("uplot").AlignedData} */ (chart.data),
      chart.figure,
    );
    const canvas = chart.figure.querySelector("canvas");
    canvas?.setAttribute("role", "img");
    canvas?.setAttribute("aria-label", `${chart.figure.firstChild?.textContent}, as in the tables`);
    showLatest(chart);
  }

  /** @param {Chart} chart */
  function widthOf({ figure }) {
    const { paddingLeft, paddingRight } = getComputedStyle(figure);
    return figure.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
  }

  /** @param {Document} page @param {string} id @returns {Map<string, number>} */
  function seriesOf(page, id) {
    /** @type {Map<string, number>} */
    const found = new Map();
    for (const cell of page.querySelectorAll(`[data-series^="${id}/"]`)) {
      if (!(cell instanceof HTMLElement)) continue;
      const name = cell.dataset.series?.slice(id.length + 1) ?? "";
      found.set(name, Number(cell.dataset.value));
    }
    return found;
  }

  /** @param {Document} page */
  function addPoints(page) {
    const atMs = Number(page.getElementById("clock")?.dataset.at);
    for (const [id, chart] of charts) {
      const now = seriesOf(page, id);
      const values = chart.names.map((name) => now.get(name) ?? 0);
      const { before } = chart;
      chart.before = { atMs, values };
      if (chart.isRate && (before === null || atMs <= before.atMs)) continue;
      chart.data[0]?.push(atMs / 1_000);
      for (const [index, value] of values.entries()) {
        const seconds = before === null ? 1 : (atMs - before.atMs) / 1_000;
        const shown = chart.isRate ? (value - (before?.values[index] ?? 0)) / seconds : value;
        chart.data[index + 1]?.push(shown);
      }
      for (const points of chart.data) if (points.length > POINT_LIMIT) points.shift();
      chart.plot?.setData(/** @type {import("uplot").AlignedData} */ (chart.data));
      showLatest(chart);
    }
  }

  /** The legend says the latest values, unless somebody points at others. @param {Chart} chart */
  function showLatest({ plot, data }) {
    const isPointed = (plot?.cursor.left ?? -1) >= 0;
    if (!isPointed) plot?.setLegend({ idx: Math.max(0, (data[0]?.length ?? 0) - 1) });
  }

  // --- Refreshing ---

  let isPaused = false;

  /** @returns {Promise<Document>} */
  async function fetchPage() {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch("/", { signal, cache: "no-store" });
    if (!response.ok) throw new Error(`The server answered ${response.status}`);
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  /** Moves the cells of `page` into this one. @param {Document} page */
  function show(page) {
    for (const id of ["place", "clock", "figures"]) replaceContent(page, id);
    for (const table of document.querySelectorAll("main .scroll table")) {
      if (!(table instanceof HTMLTableElement)) continue;
      replaceContent(page, `${table.id}-caption`);
      const body = page.querySelector(`#${CSS.escape(table.id)} tbody`);
      if (body !== null) table.tBodies[0]?.replaceChildren(...body.childNodes);
      sort(table);
    }
  }

  /** @param {Document} page @param {string} id */
  function replaceContent(page, id) {
    const old = document.getElementById(id);
    const young = page.getElementById(id);
    // What is equal stays: a selection in it, and what a screen reader is about to say.
    if (old === null || young === null || old.isEqualNode(young)) return;
    old.replaceChildren(...young.childNodes);
  }

  async function tick() {
    // Nobody looks at a page that is hidden.
    if (!isPaused && !document.hidden) {
      try {
        const page = await fetchPage();
        addPoints(page);
        show(page);
        if (live.dataset.isLost === "true") say("Connected again");
        live.dataset.isLost = "false";
      } catch {
        // The server is gone or restarting; the next try may find it.
        live.dataset.isLost = "true";
        say("No answer from the server; trying again");
      }
    }
    setTimeout(tick, REFRESH_MS);
  }

  pauseButton.addEventListener("click", () => {
    isPaused = !isPaused;
    pauseButton.setAttribute("aria-pressed", String(isPaused));
    pauseButton.textContent = isPaused ? "Go on" : "Pause";
    say(isPaused ? "Paused" : "Refreshing each second");
  });

  const redraw = () => {
    for (const chart of charts.values()) draw(chart);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("resize", () => {
    for (const chart of charts.values()) {
      chart.plot?.setSize({ width: widthOf(chart), height: CHART_HEIGHT });
      showLatest(chart);
    }
  });

  for (const table of document.querySelectorAll("main .scroll table")) {
    if (table instanceof HTMLTableElement) makeSortable(table);
  }
  element("still", HTMLElement).hidden = true;
  element("controls", HTMLElement).hidden = false;
  makeCharts();
  addPoints(document);
  setTimeout(tick, REFRESH_MS);
})();
