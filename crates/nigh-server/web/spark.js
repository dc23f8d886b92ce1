/** Small curves of how figures went while the page looked. */

import { svg } from './dom.js';

const BOX = { width: 72, height: 20, edge: 2 };

/** A curve from 0 to the greatest of the values, the newest at the right. Of fewer than two there is none. */
export function sparkline(name, values, words) {
  if (values.length < 2) return null;
  const most = Math.max(...values) || 1;
  const x = (at) => BOX.edge + (at / (values.length - 1)) * (BOX.width - 2 * BOX.edge);
  const y = (value) => BOX.height - BOX.edge - (value / most) * (BOX.height - 2 * BOX.edge);
  const said = `${name}: from ${words(Math.min(...values))} to ${words(Math.max(...values))}, now ${words(values.at(-1))}`;
  return svg('svg', { class: 'spark', viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: 'img', 'aria-label': said },
    svg('title', {}, said),
    svg('polyline', { class: 'curve', points: values.map((value, at) => `${x(at)},${y(value)}`).join(' ') }));
}
