/**
 * Looks over the document as it stands and returns what is wrong, by rule. It runs in the page, so it may use nothing from outside.
 * @returns {Record<string, string[]>}
 */
export function audit() {
  const LEAST_CONTRAST = 4.5;
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) && element.getClientRects().length > 0;
  const told = (element) => `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ''}${element.className?.baseVal ?? element.className ? `.${String(element.className?.baseVal ?? element.className).split(' ')[0]}` : ''}`;
  const all = (selector) => [...document.querySelectorAll(selector)];

  function nameOf(element) {
    const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join(' ');
    const own = element.matches('button, a, summary, [role="tab"], [role="option"]') ? element.textContent : '';
    return (by.trim() || element.getAttribute('aria-label') || labels || own || '').trim();
  }

  /** A colour as red, green, blue and opacity; the canvas knows every way to write one. Few are there, and each is asked about often. */
  const known = new Map();
  function parse(colour) {
    if (!known.has(colour)) known.set(colour, painted(colour));
    return known.get(colour);
  }

  function painted(colour) {
    const canvas = painted.canvas ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }

  const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));

  const backgrounds = new Map([[null, [255, 255, 255]]]);
  function background(element) {
    if (!backgrounds.has(element)) backgrounds.set(element, over(parse(getComputedStyle(element).backgroundColor), background(element.parentElement)));
    return backgrounds.get(element);
  }

  function luminance(colour) {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast(element) {
    const style = getComputedStyle(element);
    const below = background(element);
    const text = over(parse(element.closest('svg') ? style.fill : style.color), below);
    const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }

  /** Elements that hold text of their own; what cannot be used need not be legible. */
  const texts = all('body *').filter((element) => visible(element) && !element.closest(':disabled, fieldset:disabled, .unseen')
    && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  const faint = texts.filter((element) => contrast(element) < LEAST_CONTRAST).map((element) => `${told(element)} ${contrast(element).toFixed(2)} “${element.textContent.trim().slice(0, 30)}”`);

  const levels = all('h1, h2, h3, h4, h5, h6').filter((heading) => heading.checkVisibility()).map((heading) => Number(heading.tagName[1]));
  const jumps = levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1).map((level, i) => `h${level} (${i})`);
  const controls = all('input, select, textarea, button, a[href], summary, [role="tab"], dialog[open], [role="listbox"]').filter((control) => control.checkVisibility());
  const ids = all('[id]').map((element) => element.id);
  const references = all('[aria-labelledby], [aria-controls], [aria-describedby], label[for]').flatMap((element) => ['aria-labelledby', 'aria-controls', 'aria-describedby', 'for']
    .flatMap((name) => (element.getAttribute(name) ?? '').split(' ').filter((id) => id && !document.getElementById(id)).map((id) => `${told(element)} ${name}=${id}`)));
  const small = controls.filter((control) => visible(control) && control.matches('button, select')).filter((control) => {
    const box = control.getBoundingClientRect();
    return box.height < 24 || box.width < 24;
  });
  const width = document.documentElement.clientWidth;

  return {
    'one h1': all('h1').length === 1 ? [] : [`${all('h1').length}`],
    'headings in order': jumps,
    'every control has a name': controls.filter((control) => !nameOf(control)).map(told),
    'every picture has an alt': all('img').filter((img) => !img.hasAttribute('alt')).map(told),
    'every id once': ids.filter((id, i) => ids.indexOf(id) !== i),
    'no reference to a missing id': references,
    'landmarks': ['main', 'header'].filter((name) => all(name).length !== 1),
    'text is legible': faint,
    'buttons are large enough': small.map(told),
    'no scrolling sideways': document.documentElement.scrollWidth > width ? [`${document.documentElement.scrollWidth} > ${width}`] : [],
  };
}
