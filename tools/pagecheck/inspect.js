// Looks at the page that is open and gives what it finds as JSON.
(() => {
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const rgba = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const backdrop = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c.length >= 3 && (c.length < 4 || c[3] === 1)) return c;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const contrast = new Set();
  const judge = (element, colour) => {
    const a = luminance(rgba(colour).slice(0, 3)), b = luminance(backdrop(element).slice(0, 3));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) contrast.add(element.tagName + "." + (element.getAttribute("class") || "") + " " + ratio.toFixed(2));
  };
  const all = [...document.querySelectorAll("main *")];
  for (const e of all.slice(0, 4000)) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length || e.matches(":disabled")) continue;
    if (e.closest("svg")) judge(e, getComputedStyle(e).fill);
    else judge(e, getComputedStyle(e).color);
  }
  const named = (e) => (e.textContent || "").trim() || e.getAttribute("aria-label") || e.labels?.length || [...(e.getAttribute("aria-labelledby") || "").split(" ")].some((id) => document.getElementById(id)?.textContent.trim());
  const table = document.querySelector("table#attendance");
  // Nothing but what scrolls on its own reaches beyond the screen.
  const wide = all.filter((e) => !e.closest(".scroll, svg, .quiet") && e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1);
  // What explains a table is read without scrolling.
  const told = [...document.querySelectorAll(".scroll caption")].filter((e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return [...range.getClientRects()].some((r) => r.right > e.closest(".scroll").getBoundingClientRect().right + 1);
  });
  // A word of a name that would fit into a line is not broken.
  const broken = new Set();
  for (const name of [...document.querySelectorAll("table .name, table .id")].slice(0, 500)) {
    for (const node of name.childNodes) {
      for (const word of node.nodeType === 3 ? node.data.matchAll(/\S+/g) : []) {
        if (!/^[\p{Script=Latin}\p{M}\d.,'_]+$/u.test(word[0])) continue;
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const rects = [...range.getClientRects()].filter((r) => r.width > 0);
        const length = rects.reduce((sum, r) => sum + r.width, 0);
        if (rects.length > 1 && rects[0].bottom <= rects[rects.length - 1].top + 1 && length < 110) broken.add(word[0]);
      }
    }
  }
  // The name stays where it is while the last column is scrolled into view.
  const reach = () => {
    const box = table?.closest(".scroll"), row = table?.tBodies[0].rows[0];
    if (!row) return "";
    box.scrollLeft = box.scrollWidth;
    const seen = box.getBoundingClientRect(), name = row.cells[0].getBoundingClientRect(), last = row.cells[row.cells.length - 1].getBoundingClientRect();
    box.scrollLeft = 0;
    if (Math.abs(name.left - seen.left) > 1) return "the name leaves the screen";
    if (last.right > seen.right + 1 || last.left < name.right - 1) return "the last column cannot be seen beside the name";
    return "";
  };
  const charts = [...document.querySelectorAll(".chart")];
  const data = JSON.parse(document.getElementById("charts")?.textContent ?? "{}");
  return JSON.stringify({
    Rows: table ? table.tBodies[0].rows.length : 0,
    People: data.people ? data.people.length : -1,
    Charts: charts.length,
    Scripts: document.scripts.length,
    SortButtons: document.querySelectorAll("th[scope=col] > button").length,
    Hit: window.hit !== undefined,
    Wide: [...wide, ...told].slice(0, 5).map((e) => e.tagName + "." + (e.getAttribute("class") || "")),
    Broken: [...broken],
    // An id is there to be copied.
    Cut: [...document.querySelectorAll("table .id")].filter((e) => /^[0-9a-f-]{36}$/.test(e.textContent) && e.scrollHeight > e.clientHeight + 1).slice(0, 5).map((e) => e.textContent),
    Unreachable: [reach()].filter(Boolean),
    Late: table ? [...table.tHead.rows[0].cells].some((c) => c.textContent.trim() === "Late") && /^[0-9.–]+$/.test(table.tBodies[0].rows[0].cells[7].textContent.trim()) : false,
    Links: [...document.querySelectorAll(".contents a")].map((a) => a.getAttribute("href")).map((id) => (document.querySelector(id) ? "" : id)),
    Sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth + 1,
    DrawnMillis: performance.getEntriesByType("navigation")[0].loadEventEnd,
    Empty: charts.filter((c) => !c.querySelector("svg") || c.querySelectorAll("svg path, svg rect").length < 3 || c.querySelectorAll("svg text").length < 2).map((c) => c.id),
    Contrast: [...contrast],
    Unnamed: [...document.querySelectorAll("button, input, [role=img], [role=region], table")].filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 80)),
  });
})()
