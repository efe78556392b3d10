import { openDynamoStore, openS3Store } from "../support/aws-stores.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { objectStoreSuite } from "./object-store-suite.ts";

const traits = { persistent: true };

objectStoreSuite("S3", () => openS3Store(), traits);
itemStoreSuite("DynamoDB", () => openDynamoStore(), traits);
