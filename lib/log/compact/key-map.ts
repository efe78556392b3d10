import { assert } from "../../base/assert.ts";
import { KEY_DIGEST_BYTES, keyDigest } from "../../base/key-digest.ts";

const WORDS = KEY_DIGEST_BYTES / Uint32Array.BYTES_PER_ELEMENT;
const SLOT_BYTES = KEY_DIGEST_BYTES + Uint32Array.BYTES_PER_ELEMENT;
/** Beyond it, looking for a free slot takes long. */
const FULL_AT = 0.8;
/** Of one map's offsets: 0 stands for an empty slot. */
const OFFSETS_MAX = 2 ** 32 - 1;

/**
 * The last offset of each key, in memory that is fixed when it is made: 20 bytes a slot, a digest instead of the
 * key. Offsets count from `base` on. One map serves all passes of a compaction: a second would have to wait for the
 * first to be collected.
 */
export class KeyMap {
  /** What the keys take, however many there are. */
  readonly bytes: number;
  readonly #slots: number;
  readonly #digests: Uint32Array;
  /** One above the distance from the base. */
  readonly #offsets: Uint32Array;
  #base: number;
  #size = 0;

  /** Room for `keys`, or for as many as `bytesMax` holds; one at least. */
  constructor(base: number, keys: number, bytesMax: number) {
    const wanted = Math.ceil((keys + 1) / FULL_AT);
    this.#base = base;
    this.#slots = Math.max(2, Math.min(wanted, Math.floor(bytesMax / SLOT_BYTES)));
    this.#digests = new Uint32Array(this.#slots * WORDS);
    this.#offsets = new Uint32Array(this.#slots);
    this.bytes = this.#digests.byteLength + this.#offsets.byteLength;
  }

  get base(): number {
    return this.#base;
  }

  /** Forgets all keys; offsets count from `base` on. */
  restart(base: number): void {
    this.#base = base;
    this.#size = 0;
    this.#offsets.fill(0);
  }

  get size(): number {
    return this.#size;
  }

  /** Notes a key's offset, which is above all noted before. False when there is no room: it is not noted. */
  put(key: Uint8Array, offset: number): boolean {
    const distance = offset - this.base + 1;
    assert(distance > 0, "offsets are at or above the map's base");
    if (distance > OFFSETS_MAX) return false;
    const digest = keyDigest(key);
    const slot = this.#find(digest);
    if (this.#offsets[slot] === 0) {
      if (this.#size + 1 > Math.max(1, this.#slots * FULL_AT)) return false;
      this.#size++;
      for (let word = 0; word < WORDS; word++) this.#digests[slot * WORDS + word] = digest.readUInt32LE(word * 4);
    }
    this.#offsets[slot] = distance;
    return true;
  }

  /** The key's last offset; undefined when it was not noted. */
  get(key: Uint8Array): number | undefined {
    if (this.#size === 0) return undefined;
    const distance = this.#offsets[this.#find(keyDigest(key))] as number;
    return distance === 0 ? undefined : this.base + distance - 1;
  }

  /** The digest's slot, or the empty one where it would go. */
  #find(digest: Buffer): number {
    let slot = Math.floor((digest.readUInt32LE(0) / 2 ** 32) * this.#slots);
    while (this.#offsets[slot] !== 0 && !this.#holds(slot, digest)) slot = slot + 1 === this.#slots ? 0 : slot + 1;
    return slot;
  }

  #holds(slot: number, digest: Buffer): boolean {
    for (let word = 0; word < WORDS; word++) {
      if (this.#digests[slot * WORDS + word] !== digest.readUInt32LE(word * 4)) return false;
    }
    return true;
  }
}
