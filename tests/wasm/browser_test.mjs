#!/usr/bin/env -S node --no-warnings
// browser_test.mjs PAGE FILE.wasm EXPECTED [SCREENSHOT]: the page in headless Chromium loads the program, streams the text that
// greedy decoding gives after "Once upon a time" (it begins with EXPECTED), and stops a run when it is told to.
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { argv, exit } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBrowser } from './chromium.mjs';

const [page, program, expected, screenshot] = argv.slice(2);
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const paths = { '/': join(page, 'index.html'), '/worker.js': join(page, 'worker.js'), '/model.wasm': program };
const server = createServer(({ url }, answer) => {
  const path = paths[url];
  answer.writeHead(path ? 200 : 404, { 'content-type': types[extname(path ?? '')] ?? 'text/plain' });
  answer.end(path && readFileSync(path));
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));

let wrong = 0;
function check(what, holds, found) {
  console.log(holds ? `ok      ${what}` : `NOT OK  ${what}\n        found: ${found}`);
  wrong += !holds;
}

const folder = mkdtempSync(join(tmpdir(), 'smelt-browser-'));
const browser = await openBrowser('chromium', folder);
try {
  const { evaluate, screenshot: capture } = await browser.openPage(`http://127.0.0.1:${server.address().port}/`);
  const until = async (what, expression) => {
    for (let i = 0; i < 300; i++, await sleep(100)) if (await evaluate(expression).catch(() => false)) return;
    check(what, false, await evaluate('document.body?.innerText ?? "no page"'));
  };
  const button = (text) => `document.querySelector('button')?.textContent === '${text}' && !document.querySelector('button').disabled`;
  const written = "document.querySelector('output').textContent";
  const write = (tokens) => evaluate(`{
    window.parts = 0;
    new MutationObserver(() => parts++).observe(document.querySelector('output'), { childList: true, characterData: true, subtree: true });
    const fields = document.querySelector('form').elements;
    fields.temperature.value = 0;
    fields.tokens.value = ${tokens};
    document.querySelector('button').click();
  }`);

  await until('the model is loaded', button('Write'));
  check('the page says how large it is', /model\.wasm: \d+\.\d\d MB/.test(await evaluate("document.querySelector('#status').textContent")),
    await evaluate("document.querySelector('#status').textContent"));
  await write(60);
  await until('the text is whole', button('Write'));
  const text = await evaluate(written);
  check('the text is what the model says', text.startsWith(expected), text);
  check('it came piece by piece', (await evaluate('parts')) > 5, await evaluate('parts'));
  const status = await evaluate("document.querySelector('#status').textContent");
  check('the speed is told', /tokens\/s/.test(status), status);
  console.log(`        ${basename(program)}: ${status.trim()}`);
  if (screenshot) writeFileSync(screenshot, await capture());

  // In the page, since a run may be over before a message from here gets there.
  const stopping = evaluate(`new Promise((resolve) => new MutationObserver((changes, observer) => {
    if (${written}.length < 30) return;
    observer.disconnect();
    document.querySelector('button').click();
    resolve(${written});
  }).observe(document.querySelector('output'), { childList: true, characterData: true, subtree: true }))`);
  await write(400);
  const stopped = await stopping;
  await sleep(300);
  check('a run stops', (await evaluate(button('Write'))) && (await evaluate(written)) === stopped && stopped.length < text.length, await evaluate(written));
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
exit(wrong ? 1 : 0);
