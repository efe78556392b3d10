import { byteLengthOf } from "../../base/bytes.ts";
import { LogError } from "../../base/errors.ts";
import type { Fetched, FetchReply, PartitionResult } from "../record-types.ts";
import { isRecord } from "./error-body.ts";
import { decodeFrame, encodeFrame, type Payloads } from "./frame.ts";
import { resultFromJson, resultToJson } from "./results.ts";

/** In a frame's header, each partition that was read has the length of its batches instead of them. */
type FetchedHeader = Omit<Fetched, "records"> & { readonly bytes: number };

export function encodeFetchReply(reply: FetchReply): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  const partitions = reply.partitions.map((result) => {
    if (!result.ok) return resultToJson(result);
    const { records, ...told } = result;
    payloads.push(...records);
    return { ...told, bytes: byteLengthOf(records) };
  });
  return encodeFrame({ partitions }, payloads);
}

/** The batches are views of `bytes`. */
export function decodeFetchReply(bytes: Uint8Array): FetchReply {
  const { header, payloads } = decodeFrame(bytes);
  const partitions = isRecord(header) ? header.partitions : undefined;
  if (!Array.isArray(partitions)) throw new LogError("InvalidRequest", "the frame's header names no partitions");
  const reply = { partitions: partitions.map((json) => fetchedFrom(json, payloads)) };
  payloads.end();
  return reply;
}

function fetchedFrom(json: unknown, payloads: Payloads): PartitionResult<Fetched> {
  const result = resultFromJson<PartitionResult<FetchedHeader>>(json);
  if (result === undefined) throw new LogError("InvalidRequest", "the frame's header holds what is no partition");
  if (!result.ok) return result;
  const { bytes, ...told } = result;
  return { ...told, records: bytes === 0 ? [] : [payloads.take(bytes)] };
}
