"use strict";
// Draws the charts of the page and lets its tables be sorted and searched. All
// that it shows comes from the element #charts; it writes text, never HTML.
(() => {
  const data = JSON.parse(document.getElementById("charts").textContent);
  const byId = (id) => document.getElementById(id);
  const perPage = 60; // rows of the timeline at once
  const palette = ["#2f6fd0", "#c2571a", "#2b8a5b", "#8e4ec6", "#b8860b", "#c2416c", "#4a7a8c", "#7a6a58"];
  const charts = [];
  let printing = false;

  const zoned = (options) => {
    try {
      return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: data.zone });
    } catch {
      return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
    }
  };
  // The offset from UTC, where the clock was set in between: "UTC+02:00".
  const named = zoned({ timeZoneName: "longOffset" });
  const offset = (v) => {
    const text = named.formatToParts(v).find((part) => part.type === "timeZoneName").value.replace("GMT", "UTC");
    return text === "UTC" ? "UTC+00:00" : text;
  };
  const clock = (format, gap) => ({ format: (v) => format.format(v) + (data.offsets ? gap + offset(v) : "") });
  const day = data.spanDays ? { day: "numeric", month: "short" } : {};
  const minute = clock(zoned({ ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }), "\n");
  const second = clock(zoned({ ...day, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }), " ");
  const plain = (n) => n.toLocaleString("en", { maximumFractionDigits: 1 });

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  // Print is light whatever the screen is; while it is prepared, the style sheet
  // of the screen still holds.
  const light = { ink: "#111111", soft: "#444444", line: "#cccccc", bar: "#2f6fd0", card: "#ffffff", assumed: "#b45309" };
  const paint = (name) => (printing ? light[name] : colour(name));
  const frame = () => ({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: paint("ink") },
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: paint("card"), borderColor: paint("line"),
      textStyle: { color: paint("ink"), fontSize: 13 },
    },
  });
  const axis = (more) => ({
    axisLine: { lineStyle: { color: paint("soft") } },
    axisTick: { lineStyle: { color: paint("soft") } },
    splitLine: { lineStyle: { color: paint("line") } },
    ...more,
    axisLabel: { color: paint("soft"), hideOverlap: true, ...(more && more.axisLabel) },
  });
  const clockAxis = (more) => axis({
    type: "time", min: bounds.from, max: bounds.to, splitNumber: 5, ...more,
    axisLabel: { formatter: (v) => minute.format(v), ...(more && more.axisLabel) },
  });

  // The times to show: the session, and whoever was there before or after it.
  const bounds = { from: data.start, to: data.end };
  for (const p of data.people || []) {
    for (const s of p.s) {
      bounds.from = Math.min(bounds.from || s[0], s[0]);
      bounds.to = Math.max(bounds.to, s[1]);
    }
  }
  if (bounds.to <= bounds.from) bounds.to = bounds.from + 1000;

  const curve = () => ({
    ...frame(),
    tooltip: {
      ...frame().tooltip, trigger: "axis",
      formatter: (p) => second.format(p[0].value[0]) + "\n" + p.map((x) => x.seriesName + ": " + plain(x.value[1])).join("\n"),
    },
    legend: { bottom: 0, itemHeight: 8, textStyle: { color: paint("ink") } },
    grid: { left: 44, right: 16, top: 12, bottom: data.offsets ? 72 : 58 },
    xAxis: clockAxis({ splitLine: { show: false } }),
    yAxis: axis({ type: "value", minInterval: 1 }),
    series: [
      { name: "People", type: "line", step: "end", symbol: "none", lineStyle: { width: 2, color: paint("bar") }, itemStyle: { color: paint("bar") }, areaStyle: { color: paint("bar"), opacity: 0.18 }, data: data.steps.map((s) => [s[0], s[1]]) },
      { name: "Devices", type: "line", step: "end", symbol: "none", lineStyle: { width: 1.2, type: "dashed", color: paint("soft") }, itemStyle: { color: paint("soft") }, data: data.steps.map((s) => [s[0], s[2]]) },
    ],
  });

  let order = (data.people || []).map((_, i) => i); // rows of the table as shown
  let first = 0;
  const shown = () => order.slice(first, first + perPage);

  const timeline = () => {
    const rows = shown();
    const narrow = byId("timeline").clientWidth < 520 && !printing;
    const width = narrow ? 96 : 190;
    const stays = [];
    rows.forEach((person, row) => data.people[person].s.forEach((s) => stays.push([row, s[0], s[1], s[2]])));
    return {
      ...frame(),
      tooltip: {
        ...frame().tooltip, trigger: "item",
        formatter: (p) => data.people[rows[p.value[0]]].n.slice(0, 80) + "\n" + second.format(p.value[1]) + " – " + second.format(p.value[2]) + (p.value[3] ? "\nend assumed" : ""),
      },
      grid: { left: width + 12, right: 16, top: data.offsets ? 42 : 28, bottom: 8 },
      xAxis: clockAxis({ position: "top" }),
      yAxis: axis({
        type: "category", inverse: true, data: rows.map((i) => data.people[i].n), axisTick: { show: false },
        axisLabel: { interval: 0, hideOverlap: false, width: width, overflow: "truncate", ellipsis: "…", color: paint("ink"), fontSize: printing ? 9.5 : 12, formatter: (name) => name.slice(0, 80) },
      }),
      series: [{
        type: "custom", encode: { x: [1, 2], y: 0 }, data: stays, clip: true,
        renderItem: (_, api) => {
          const from = api.coord([api.value(1), api.value(0)]);
          const to = api.coord([api.value(2), api.value(0)]);
          const height = Math.min(14, api.size([0, 1])[1] * 0.7);
          const wide = Math.max(2, to[0] - from[0]);
          const bar = { type: "rect", shape: { x: from[0], y: from[1] - height / 2, width: wide, height, r: 2 }, style: { fill: paint("bar") } };
          if (!api.value(3)) return bar;
          const end = Math.min(wide, 18);
          const stripes = [];
          for (let x = 0; x < end; x += 6) {
            stripes.push({ type: "rect", shape: { x: from[0] + wide - end + x, y: from[1] - height / 2, width: Math.min(3, end - x), height }, style: { fill: paint("assumed") } });
          }
          return { type: "group", children: [bar, ...stripes] };
        },
      }],
    };
  };

  const drop = () => ({
    ...frame(),
    tooltip: { ...frame().tooltip, trigger: "axis", formatter: (p) => p[0].name + " passed\n" + Math.round(p[0].value * 100) + " % inside" },
    grid: { left: 52, right: 16, top: 12, bottom: 28 },
    xAxis: axis({ type: "category", data: data.points.map((p) => p[0] + " %") }),
    yAxis: axis({ type: "value", min: 0, max: 1, axisLabel: { formatter: (v) => Math.round(v * 100) + " %" } }),
    series: [{ type: "bar", barMaxWidth: 44, itemStyle: { color: paint("bar") }, data: data.points.map((p) => p[1]) }],
  });

  const usage = () => ({
    ...frame(),
    tooltip: { ...frame().tooltip, trigger: "axis", formatter: (p) => p[0].name + "\n" + p.map((x) => x.seriesName + ": " + plain(x.value) + " h").join("\n") },
    legend: { bottom: 0, type: "scroll", itemHeight: 10, textStyle: { color: paint("ink") }, pageTextStyle: { color: paint("ink") } },
    grid: { left: 52, right: 16, top: 12, bottom: 58 },
    xAxis: axis({ type: "category", data: data.days }),
    yAxis: axis({ type: "value" }),
    series: data.apps.map((name, i) => ({
      name: name.slice(0, 60), type: "bar", stack: "apps", barMaxWidth: 44, itemStyle: { color: palette[i % palette.length] }, data: data.hours[i],
    })),
  });

  const presets = () => {
    const rows = data.presets.slice(0, 12);
    const width = byId("presets").clientWidth < 520 && !printing ? 110 : 220;
    return {
      ...frame(),
      tooltip: { ...frame().tooltip, trigger: "item", formatter: (p) => p.name.slice(0, 80) + "\n" + plain(p.value) + " h" },
      grid: { left: width + 12, right: 24, top: 4, bottom: 28 },
      xAxis: axis({ type: "value" }),
      yAxis: axis({ type: "category", inverse: true, data: rows.map((p) => p.n), axisLabel: { interval: 0, width: width, overflow: "truncate", color: paint("ink"), formatter: (name) => name.slice(0, 80) } }),
      series: [{ type: "bar", barMaxWidth: 22, itemStyle: { color: paint("bar") }, data: rows.map((p) => p.h) }],
    };
  };

  const draw = (chart) => {
    if (chart.height) chart.element.style.height = chart.height() + "px";
    chart.echarts.resize(printing ? { width: 690 } : { width: "auto" });
    chart.echarts.setOption(chart.option(), { notMerge: true });
  };
  const drawAll = () => charts.forEach(draw);
  const add = (id, option, height) => {
    const element = byId(id);
    if (!element) return undefined;
    if (height) element.style.height = height() + "px";
    const chart = { element, option, height, echarts: echarts.init(element, null, { renderer: "svg" }) };
    charts.push(chart);
    draw(chart);
    return chart;
  };

  add("curve", curve, () => (printing ? 190 : 272));
  const rows = add("timeline", timeline, () => (data.offsets ? 58 : 44) + (printing ? 12 : 22) * Math.max(1, shown().length)); // in print a page holds them all
  add("drop", drop);
  add("usage", usage);
  add("presets", presets, () => 36 + 30 * Math.min(12, data.presets.length));

  const page = () => {
    if (!rows) return;
    first = Math.max(0, Math.min(first, order.length - 1));
    const last = Math.min(first + perPage, order.length);
    byId("timeline-range").textContent = order.length === 0 ? "Nobody of that name."
      : order.length > perPage ? "People " + plain(first + 1) + " to " + plain(last) + " of " + plain(order.length) + ", in the order of the attendance table. On paper, only these."
        : "In the order of the attendance table.";
    byId("timeline-range").classList.toggle("whole", order.length <= perPage);
    document.querySelector(".pager").hidden = order.length <= perPage;
    byId("earlier").disabled = first === 0;
    byId("later").disabled = last >= order.length;
    draw(rows);
  };
  if (rows) {
    byId("earlier").addEventListener("click", () => { first -= perPage; page(); });
    byId("later").addEventListener("click", () => { first += perPage; page(); });
  }

  const table = byId("attendance");
  const follow = () => { // the timeline shows what the table shows
    if (!rows || !table) return;
    order = [...table.tBodies[0].rows].filter((r) => !r.hidden).map((r) => Number(r.dataset.i));
    first = 0;
    page();
  };

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  const collator = new Intl.Collator(undefined, { numeric: true });
  for (const sortable of document.querySelectorAll("table.sortable")) {
    [...sortable.tHead.rows[0].cells].forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of sortable.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keyed = [...sortable.tBodies[0].rows].map((row) => [key(row, column), row]);
        const sign = down ? -1 : 1;
        keyed.sort((a, b) => sign * (typeof a[0] === "number" && typeof b[0] === "number" ? a[0] - b[0] : collator.compare(a[0], b[0])) || Number(a[1].dataset.i) - Number(b[1].dataset.i));
        sortable.tBodies[0].append(...keyed.map((k) => k[1]));
        if (sortable === table) follow();
      });
    });
  }

  // Letters without their accents, points and case; those that no accent makes by name.
  const letters = { "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h" };
  const fold = (text) => text.toLowerCase().normalize("NFKD")
    .replace(/[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g, "").replace(/[ßøłđðþæœıħ]/g, (letter) => letters[letter]);
  const find = byId("find");
  if (find && table) {
    let waiting = 0;
    find.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const wanted = fold(find.value.trim());
        let hits = 0;
        for (const row of table.tBodies[0].rows) {
          row.hidden = !fold(row.cells[0].textContent).includes(wanted);
          if (!row.hidden) hits++;
        }
        byId("found").textContent = wanted ? plain(hits) + (hits === 1 ? " row" : " rows") : "";
        follow();
      }, 150);
    });
  }

  page();
  let resizing = 0;
  window.addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => { if (!printing) drawAll(); }, 100);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => { printing = true; drawAll(); });
  window.addEventListener("afterprint", () => { printing = false; drawAll(); });
})();
