/** A drawing of what a collection's settings cost and give. */

import { svg } from './dom.js';
import { digits, microseconds } from './format.js';

/** Recall over latency of the settings that were measured, the one in use marked. */
export function recallCurve(name, points) {
  const box = { width: 320, height: 170, left: 44, right: 18, top: 16, bottom: 34 };
  const sorted = [...points].sort((a, b) => a.latency_us - b.latency_us);
  const scale = scales(sorted, box);
  const line = sorted.map((point) => `${scale.x(point.latency_us)},${scale.y(point.recall_at_10)}`).join(' ');
  return svg('svg', { class: 'chart', viewBox: `0 0 ${box.width} ${box.height}`, role: 'img', 'aria-label': inWords(name, sorted) },
    ...axes(scale, box),
    svg('polyline', { class: 'curve', points: line }),
    ...sorted.map((point) => mark(point, scale, box)));
}

function scales(points, box) {
  const most = Math.max(...points.map((point) => point.latency_us)) * 1.05;
  const floor = Math.max(0, Math.floor(10 * Math.min(0.89, ...points.map((point) => point.recall_at_10 - 0.01))) / 10);
  return {
    most,
    floor,
    x: (us) => box.left + (us / most) * (box.width - box.left - box.right),
    y: (recall) => box.top + ((1 - recall) / (1 - floor)) * (box.height - box.top - box.bottom),
  };
}

function axes(scale, box) {
  const recalls = [scale.floor, (1 + scale.floor) / 2, 1];
  const times = [0, scale.most / 2, scale.most];
  const [low, right] = [box.height - box.bottom, box.width - box.right];
  return [
    ...recalls.flatMap((recall) => [
      svg('line', { class: 'rule', x1: box.left, x2: right, y1: scale.y(recall), y2: scale.y(recall) }),
      svg('text', { x: box.left - 6, y: scale.y(recall) + 4, 'text-anchor': 'end' }, recall.toFixed(2)),
    ]),
    ...times.map((us, i) => svg('text', { x: scale.x(us), y: low + 16, 'text-anchor': ['start', 'middle', 'end'][i] }, microseconds(us))),
    svg('text', { x: box.left, y: box.height - 4, class: 'axis' }, 'recall at 10 over latency'),
  ];
}

function mark(point, scale, box) {
  const [x, y] = [scale.x(point.latency_us), scale.y(point.recall_at_10)];
  const end = x > box.width / 2;
  return svg('g', { class: point.chosen ? 'point chosen' : 'point' },
    svg('title', {}, pointWords(point)),
    svg('circle', { cx: x, cy: y, r: point.chosen ? 6 : 4 }),
    point.chosen ? svg('text', { x: end ? x - 4 : x + 4, y: y + 22, 'text-anchor': end ? 'end' : 'start' }, point.setting) : null);
}

function inWords(name, points) {
  return `Operating points of ${name}. ${points.map(pointWords).join('; ')}.`;
}

const pointWords = ({ setting, recall_at_10: recall, latency_us: us, chosen }) => `${setting}: recall ${digits(recall)} in ${microseconds(us)}${chosen ? ', in use' : ''}`;
