import { parseArgs } from "node:util";
import { listPrices } from "../../../lib/adapters/wrappers/prices.ts";
import { type Table, tableText } from "../measure/table.ts";
import { commitFact, writeMeasured } from "../results-file.ts";
import { assumed, functionMemoryMb } from "./assumptions.ts";
import { besideOthers } from "./beside-others.ts";
import { measureHandlerMs } from "./handler-time.ts";
import { placementCosts } from "./placements.ts";
import { groupedCosts, partitionCosts, produceCosts, producerCosts } from "./produces.ts";
import { readCosts } from "./reads.ts";
import type { CostScale } from "./scale.ts";
import { standingCosts } from "./standing-costs.ts";

const USAGE = `npm run bench:cost -- [--quick]
  --quick   everything small: shows that the bench works, says nothing of prices
A whole run takes some minutes and writes test/bench/COSTS.md; --quick only prints.`;
const RESULTS = new URL("../COSTS.md", import.meta.url);
const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

const measured = commitFact();
const smallMs = await measureHandlerMs(1024, values.quick ? 20 : 2000);
const largeMs = await measureHandlerMs(MIB, values.quick ? 5 : 100);
const processorMs = (bytes: number): number => smallMs + ((largeMs - smallMs) * bytes) / MIB;
const scale: CostScale = { quick: values.quick, processorMs };

const tables: Table[] = [];
const show = (table: Table): void => {
  process.stdout.write(`${tableText(table)}\n`);
  tables.push(table);
};
const produced = await produceCosts(scale);
show(produced.table);
show(await partitionCosts(scale));
show(await producerCosts(scale));
const grouped = await groupedCosts(scale);
show(grouped.table);
show(await readCosts(scale));
show(await standingCosts(scale));
show(await placementCosts(scale));
show(besideOthers({ measured: produced.measured, grouped: grouped.measured }));
show(assumptions());
if (!values.quick) await writeMeasured({ file: RESULTS, command: "npm run bench:cost", facts: [measured], tables });

function assumptions(): Table {
  const fixed = (value: number): string => value.toFixed(2);
  const { api, roller, janitor } = functionMemoryMb;
  return {
    title: "Of what is not counted",
    columns: ["what", "value", "from"],
    rows: [
      ["prices", `${listPrices.region}, ${listPrices.date}`, "lib/adapters/wrappers/prices.ts"],
      ["processor time of the API's function, 1 KiB", `${fixed(smallMs)} ms`, "measured on this machine"],
      ["processor time of the API's function, 1 MiB", `${fixed(largeMs)} ms`, "measured on this machine"],
      [
        "memory of the functions (API, roller, janitor)",
        `${api}, ${roller}, ${janitor} MB`,
        "the construct's defaults",
      ],
      ["memory that comes with a whole processor", `${assumed.mbPerProcessor} MB`, "AWS's documentation"],
      [
        "DynamoDB: read, write, transaction",
        `${assumed.itemReadMs}, ${assumed.itemWriteMs}, ${assumed.transactionMs} ms`,
        "assumed",
      ],
      ["S3: put, get, list", `${assumed.objectPutMs}, ${assumed.objectGetMs}, ${assumed.objectListMs} ms`, "assumed"],
      ["S3: transfer", `${assumed.objectMsPerMib} ms per MiB`, "assumed"],
      ["rolls and answers: processor time", `${assumed.processorMsPerMib} ms per MiB`, "assumed"],
      ["cold start", `${assumed.coldStartMs} ms`, "assumed"],
    ],
    note: "Times decide how long functions run and how requests meet. Requests and units are counted by the meter over stores in memory, on virtual time; tests hold its units against what an emulator of DynamoDB reports.",
  };
}
