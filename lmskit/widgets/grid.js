// Python owns the rows: every edit is sent to it as a message, in order with the clicks on buttons, and Python may answer
// with rows of a new revision. Rows are added, removed and moved in the page, so that nobody waits for Python while typing.
// The text of a cell is only ever set as the value of an input or as text, never as HTML.
const PAUSE = 150; // milliseconds without a key press before an edit is sent
const MAX_HEIGHT = 160; // pixels of a cell with several lines

function button(text, title, onClick) {
  const element = document.createElement("button");
  Object.assign(element, { type: "button", textContent: text, title });
  element.setAttribute("aria-label", title);
  element.addEventListener("click", onClick);
  return element;
}

function fitHeight(area) {
  area.style.height = "auto";
  if (area.scrollHeight) area.style.height = `${Math.min(area.scrollHeight + 2, MAX_HEIGHT)}px`;
}

function render({ model, el }) {
  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take single letters as commands
  const all = model.get("columns");
  const columns = all.filter(({ kind }) => kind !== "hidden"); // a hidden column moves with its row
  const noun = model.get("noun");
  let { revision, rows } = structuredClone(model.get("content"));
  let problems = model.get("problems");
  let waiting = null;

  const root = document.createElement("div");
  root.className = "lmskit-grid";
  root.style.gridTemplateColumns = `${columns.map((column) => column.share).join(" ")} max-content`;
  const aRow = `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
  const add = button(`+ Add ${aRow}`, `Add ${aRow} at the end`, () => change(() => rows.push(blank()), rows.length));
  add.className = "lmskit-grid-add";
  const fixed = model.get("fixed"); // rows can be removed, but neither added nor moved
  add.hidden = fixed;
  el.append(root, add);

  const blank = () => Object.fromEntries(all.map(({ name, kind }) => [name, kind === "check" ? false : ""]));
  const send = () => {
    clearTimeout(waiting);
    waiting = null;
    model.send({ revision, rows });
  };
  const sendSoon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(send, PAUSE);
  };
  const flush = () => waiting !== null && send();

  function change(alter, focus) {
    alter();
    problems = []; // they belong to rows in another order
    if (rows.length === 0) rows.push(blank());
    send();
    draw();
    root.querySelectorAll(".lmskit-grid-first")[focus]?.focus();
  }

  function move(index, step) {
    const [row, other] = [rows[index], rows[index + step]];
    for (const { name, stays } of all) if (!stays) [row[name], other[name]] = [other[name], row[name]];
  }

  function pasted(event, index, column) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const several = text.trimEnd().includes("\n");
    if (column.kind === "area" ? !text.includes("\t") : !several && !text.includes("\t")) return;
    if (fixed) return;
    event.preventDefault();
    flush();
    model.send({ revision, paste: text, row: index });
  }

  function cell(row, index, column) {
    const box = document.createElement("div");
    box.className = `lmskit-grid-cell lmskit-grid-${column.kind}`;
    if (column.kind === "shown") {
      box.textContent = row[column.name];
      return [box, box];
    }
    const input = document.createElement(column.kind === "area" ? "textarea" : "input");
    const label = `${column.label}, ${noun} ${index + 1}`;
    input.setAttribute("aria-label", label);
    input.spellcheck = false;
    if (column.kind === "check") {
      Object.assign(input, { type: "checkbox", checked: row[column.name] });
    } else {
      Object.assign(input, { value: row[column.name], placeholder: column.placeholder, autocomplete: "off" });
      if (column.kind === "number") input.inputMode = "decimal";
      if (column.kind === "area") input.rows = 1;
    }
    const fit = () => column.kind === "area" && fitHeight(input);
    input.addEventListener("input", () => {
      row[column.name] = column.kind === "check" ? input.checked : input.value;
      fit();
      if (column.kind === "check") send();
      else sendSoon();
    });
    input.addEventListener("change", flush);
    input.addEventListener("paste", (event) => pasted(event, index, column));
    box.append(input);
    if (problems[index]?.[column.name]) input.setAttribute("aria-invalid", "true");
    return [box, input];
  }

  function draw() {
    const parts = columns.map((column) => {
      const heading = document.createElement("div");
      heading.className = "lmskit-grid-heading";
      heading.textContent = column.label;
      return heading;
    });
    parts.push(document.createElement("div"));
    rows.forEach((row, index) => {
      columns.forEach((column, position) => {
        const [box, input] = cell(row, index, column);
        if (position === 0) input.classList.add("lmskit-grid-first");
        parts.push(box);
      });
      const tools = document.createElement("div");
      tools.className = "lmskit-grid-tools";
      const up = button("↑", `Move ${noun} ${index + 1} up`, () => change(() => move(index, -1), index - 1));
      const down = button("↓", `Move ${noun} ${index + 1} down`, () => change(() => move(index, +1), index + 1));
      const out = button("✕", `Remove ${noun} ${index + 1}`, () => change(() => rows.splice(index, 1), Math.max(index - 1, 0)));
      up.disabled = index === 0;
      down.disabled = index === rows.length - 1;
      tools.append(...(fixed ? [out] : [up, down, out]));
      parts.push(tools);
      const wrong = columns.filter(({ name }) => problems[index]?.[name]).map(({ name, label }) => `${label}: ${problems[index][name]}`);
      if (wrong.length === 0) return;
      const explanation = document.createElement("p");
      explanation.textContent = wrong.join(" ");
      parts.push(explanation);
    });
    root.replaceChildren(...parts);
    requestAnimationFrame(fitAll);
    add.disabled = rows.length >= model.get("most");
  }

  function fitAll() {
    root.querySelectorAll("textarea").forEach(fitHeight);
  }
  let width = 0;
  const watching = new ResizeObserver(() => {
    if (root.clientWidth === width) return; // only the height changed
    width = root.clientWidth;
    fitAll();
  });
  watching.observe(root);

  const showRows = () => {
    const content = model.get("content");
    if (content.revision === revision && root.contains(document.activeElement)) return; // our own edit, echoed
    clearTimeout(waiting);
    waiting = null;
    ({ revision, rows } = structuredClone(content));
    draw();
  };
  const showProblems = () => {
    problems = model.get("problems");
    const focused = [...root.querySelectorAll("input, textarea")].indexOf(document.activeElement);
    draw();
    if (focused >= 0) root.querySelectorAll("input, textarea")[focused]?.focus();
  };
  model.on("change:content", showRows);
  model.on("change:problems", showProblems);
  draw();
  return () => {
    flush();
    watching.disconnect();
    model.off("change:content", showRows);
    model.off("change:problems", showProblems);
  };
}

export default { render };
