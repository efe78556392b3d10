import document from "./openapi.json" with { type: "json" };

/** The API's description as it was generated at build time. */
export const openApiText: string = JSON.stringify(document);
