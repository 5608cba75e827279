// Keys that are pressed in a form are for the form. In command mode a notebook takes arrows and single letters from drop-downs, buttons
// and check boxes: an arrow selects another cell, and d d deletes one. Combinations such as Ctrl+S stay JupyterLab's.
const SUPPRESSED = "data-lm-suppress-shortcuts"; // JupyterLab looks for no shortcut at or above an element with this attribute

function keep(event) {
  if (event.target instanceof Element && event.target.closest(".lmskit"))
    event.target.toggleAttribute(SUPPRESSED, !(event.ctrlKey || event.metaKey || event.altKey));
}

function render() {
  if (window.lmskitKeepsKeys) return; // every form of a page has this widget, and one listener is enough
  window.lmskitKeepsKeys = true;
  window.addEventListener("keydown", keep, true);
}

export default { render };
