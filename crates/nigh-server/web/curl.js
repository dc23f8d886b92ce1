/** A request as a `curl` command that a shell understands. */

/**
 * @typedef {{method: string, url: string, headers: Record<string, string>, body?: string, form?: [string, string | File][]}} Request
 * @param {Request} request @param {boolean} keyed whether an API key is kept: the command then reads it from the environment
 */
export function curl({ method, url, headers, body, form }, keyed) {
  const words = [`curl ${method === 'GET' ? '' : `-X ${method} `}${quoted(url)}`];
  if (keyed) words.push('-H "Authorization: Bearer $NIGH_KEY"');
  for (const [name, value] of Object.entries(headers)) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  for (const [name, value] of form ?? []) words.push(`-F ${quoted(`${name}=${typeof value === 'string' ? value : `@${value.name}`}`)}`);
  if (body) words.push(`-d ${quoted(body)}`);
  return words.join(' \\\n  ');
}

/** In single quotes, within which a shell changes nothing. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
