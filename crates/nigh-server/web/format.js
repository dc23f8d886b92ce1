/** Numbers in words that a person reads. */

const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export const count = (n) => whole.format(n);
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
export const percent = (share) => `${short.format(100 * share)} %`;
export const digits = (n) => short.format(n);
export const score = (n) => n.toFixed(2);
export const milliseconds = (ms) => (ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`);
export const microseconds = (us) => (us < 1000 ? `${Math.round(us)} µs` : milliseconds(us / 1000));

/** Microseconds that may be far less than one. */
export const fine = (us) => (us < 1 ? `${digits(1000 * us)} ns` : us < 1000 ? `${digits(us)} µs` : microseconds(us));

export function bytes(n) {
  const at = Math.max(0, Math.min(4, Math.floor(Math.log2(n) / 10)));
  return `${digits(n / 1024 ** at)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][at]}`;
}

/** Seconds in the two units that suit them, `2 d 3 h`. */
export function duration(seconds) {
  const [s, min, h, d] = [seconds % 60, (seconds / 60) % 60, (seconds / 3600) % 24, seconds / 86400].map(Math.floor);
  if (d) return `${d} d ${h} h`;
  return h ? `${h} h ${min} min` : `${min} min ${s} s`;
}

/** An attribute's value. A number is shown as it is stored: a year has no thousands separator. */
export function value(v) {
  if (v === null || v === undefined) return '–';
  return typeof v === 'boolean' ? ['no', 'yes'][Number(v)] : String(v);
}

/** Which of the names is that of a title, as `name` and `productDisplayName` are. */
export const titleAmong = (names) => names.find((name) => /(name|title)$/i.test(name));

export const titleOf = ({ id, attributes }) => String(attributes[titleAmong(Object.keys(attributes))] ?? id);
