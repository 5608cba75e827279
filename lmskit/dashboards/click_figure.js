// A plotly figure whose clicks reach Python. plotly.js (4.8 MB) comes from the kernel, once per page:
// nothing is asked of the internet, and ten figures cost as much as one.

const PATIENCE = 10_000; // ms until another figure asks again, should the first be gone before its answer came
const CONFIG = { displaylogo: false, modeBarButtons: [["toImage"]], responsive: false };

function evaluated(source) {
  const before = globalThis.Plotly;
  const module = { exports: {} };
  new Function("module", "exports", "define", source)(module, module.exports, undefined);
  if (before) globalThis.Plotly = before; // JupyterLab may have another version of its own
  return module.exports;
}

async function library(model, gone) {
  const page = (globalThis.lmskitPlotly ??= { library: null, askedAt: -Infinity });
  const receive = (message, buffers) => {
    if (message.kind === "plotly.js") page.library ??= evaluated(new TextDecoder().decode(buffers[0]));
  };
  model.on("msg:custom", receive);
  while (!page.library && !gone()) {
    if (performance.now() - page.askedAt > PATIENCE) {
      page.askedAt = performance.now();
      model.send({ kind: "plotly.js" });
    }
    await new Promise((resume) => setTimeout(resume, 40));
  }
  model.off("msg:custom", receive);
  return page.library;
}

function click(event) {
  const point = event.points[0];
  return {
    curve: point.curveNumber,
    point: point.pointNumber ?? point.pointIndex ?? null,
    x: point.x ?? null,
    y: point.y ?? null,
    customdata: point.customdata ?? null,
  };
}

export default {
  render({ model, el }) {
    const box = document.createElement("div");
    box.className = "lmskit-figure-box";
    box.setAttribute("role", "figure");
    el.classList.add("lmskit-figure");
    el.append(box);
    let gone = false;
    let plotly = null;

    let late = false;

    const fit = () => {
      if (!plotly || gone || box.offsetWidth === 0) return;
      if (late) draw();
      else if (box._fullLayout) plotly.Plots.resize(box);
    };
    const draw = async () => {
      // A figure that is not shown has no width to be drawn for; it is drawn when it is shown.
      late = box.offsetWidth === 0;
      if (!plotly || gone || late) return;
      try {
        const { data, layout } = JSON.parse(model.get("spec"));
        box.setAttribute("aria-label", layout.title?.text ?? "figure");
        await plotly.react(box, data, layout, CONFIG);
        if (!box.lmskitListens) {
          box.lmskitListens = true;
          box.on("plotly_click", (event) => {
            model.set("clicked", { ...click(event), n: (model.get("clicked").n ?? 0) + 1 });
            model.save_changes();
          });
        }
        reveal();
      } catch (error) {
        box.textContent = `The figure could not be drawn: ${error.message}`;
      }
    };
    const reveal = () => {
      // Asked for before the figure was drawn, it is done afterwards; done by one view, it is not done again by another.
      if (model.get("reveals") <= model.get("revealed") || !box._fullLayout || box.offsetWidth === 0) return;
      model.set("revealed", model.get("reveals"));
      model.save_changes();
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      el.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
    };

    const observer = new ResizeObserver(() => requestAnimationFrame(fit));
    observer.observe(el);
    model.on("change:spec", draw);
    model.on("change:reveals", reveal);
    library(model, () => gone).then((loaded) => {
      plotly = loaded;
      return draw();
    });
    return () => {
      gone = true;
      observer.disconnect();
      model.off("change:spec", draw);
      model.off("change:reveals", reveal);
      if (plotly) plotly.purge(box);
    };
  },
};
