import { compareUtf8 } from "../../../lib/storage/key-order.ts";
import { type S3Answer, type S3Request, xmlAnswer } from "./answer.ts";
import { elementsIn, textIn, type XmlNode } from "./xml.ts";

export function listObjects({ bucket, query }: S3Request): S3Answer {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
  const limit = Number(query.get("max-keys") ?? 1000);
  const keys = [...bucket.objects.keys()]
    .filter((key) => key.startsWith(prefix) && compareUtf8(key, after) > 0)
    .sort(compareUtf8);
  const page = keys.slice(0, limit);
  const contents = page.map((key): XmlNode => {
    const { body, etag } = bucket.get(key);
    return [
      "Contents",
      [
        ["Key", key],
        ["Size", body.byteLength],
        ["ETag", etag],
      ] as const,
    ];
  });
  const more = keys.length > page.length;
  const next: XmlNode[] = more ? [["NextContinuationToken", page.at(-1) ?? ""]] : [];
  return xmlAnswer(["ListBucketResult", [["KeyCount", page.length], ["IsTruncated", more], ...next, ...contents]]);
}

export function deleteObjects({ bucket, body }: S3Request): S3Answer {
  const xml = body.toString();
  const keys = elementsIn(xml, "Object").map((object) => textIn(object, "Key"));
  for (const key of keys) bucket.objects.delete(key);
  const quiet = textIn(xml, "Quiet") === "true";
  return xmlAnswer(["DeleteResult", quiet ? [] : keys.map((key): XmlNode => ["Deleted", [["Key", key]]])]);
}
