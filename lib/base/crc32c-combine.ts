/** The polynomial, reflected: bit 31 stands for x^0. */
const POLYNOMIAL = 0x82f63b78;
const ONE = 0x80000000;
const BITS_PER_BYTE_POWER = 3;
/** x^(2^31) is x again: the polynomial is x + 1 times a primitive one of degree 31. */
const PERIOD = 31;

/** The product of two polynomials modulo the CRC's. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x^(2^n) for each n below the period. */
const POWERS: readonly number[] = (() => {
  const powers = [ONE >>> 1];
  while (powers.length < PERIOD) {
    const last = powers.at(-1) as number;
    powers.push(multiply(last, last));
  }
  return powers;
})();

/** x^(8 * bytes): what appending so many bytes multiplies a CRC with. */
function shiftOf(bytes: number): number {
  let shift = ONE;
  let power = BITS_PER_BYTE_POWER;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2), power++) {
    if (rest % 2 === 1) shift = multiply(POWERS[power % PERIOD] as number, shift);
  }
  return shift;
}

/**
 * The CRC-32C of two runs of bytes one after the other, from their own: so the checksum of what a store joins is
 * known without reading it. `secondBytes` is the length of the second run.
 */
export function combineCrc32c(first: number, second: number, secondBytes: number): number {
  return (multiply(shiftOf(secondBytes), first) ^ second) >>> 0;
}
