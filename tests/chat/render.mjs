// render.mjs NPM < JOBS: what the npm package @huggingface/jinja makes of templates. A job is a line of JSON: "template",
// "variables" and "conversations"; prints for each conversation a line: {"text": ...} or {"error": ...}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(path.resolve(process.argv[2]), "package.json"));
const { Template } = await import(pathToFileURL(require.resolve("@huggingface/jinja")).href);

const answers = [];
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const job = JSON.parse(line);
  for (const conversation of job.conversations) {
    try {
      answers.push({ text: new Template(job.template).render({ ...job.variables, ...conversation }) });
    } catch (error) {
      answers.push({ error: String(error.message) });
    }
  }
}
process.stdout.write(answers.map((answer) => JSON.stringify(answer) + "\n").join(""));
