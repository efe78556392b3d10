/**
 * The item port's limits: DynamoDB's (developer guide, "Quotas in Amazon DynamoDB"), kept by every adapter so
 * that what works on one machine works on AWS.
 */

export const partitionKeyBytesMax = 2048;
export const sortKeyBytesMax = 1024;
export const itemBytesMax = 400 * 1024;
/** Levels of maps and lists, the item itself not counted. */
export const itemDepthMax = 32;
/** Attribute names as expressions can name them. */
export const attributeNameBytesMax = 255;

/** Of an update's changes, and again of its conditions, written as an expression. */
export const expressionBytesMax = 4096;
export const expressionOperatorsMax = 300;

export const getManyKeysMax = 100;
export const queryItemsMax = 1000;
export const transactPartsMax = 100;
/** The images of all items that a transaction leaves behind. */
export const transactBytesMax = 4 * 1024 * 1024;
