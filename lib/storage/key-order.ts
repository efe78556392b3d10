const SURROGATES_START = 0xd800;
const SURROGATES_END = 0xe000;

/**
 * Compares two strings by their UTF-8 bytes (code points) without encoding them. JavaScript's own order is by
 * UTF-16 units, which puts what lies beyond U+FFFF below U+E000 to U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const unitA = a.charCodeAt(at);
    const unitB = b.charCodeAt(at);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= SURROGATES_START && unit < SURROGATES_END ? unit + 0x10000 : unit;
}
