// chromium.mjs: a page in headless Chromium, driven through the DevTools protocol over a pipe: no package is needed.
import { spawn } from 'node:child_process';

// A browser that keeps its profile in `folder`. close() ends it.
export async function openBrowser(program, folder) {
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--window-size=900,760',
    `--user-data-dir=${folder}`, '--remote-debugging-pipe', 'about:blank'];
  const child = spawn(program, options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const waiting = new Map();
  let count = 0, rest = '';
  child.stdio[4].setEncoding('utf8').on('data', (part) => {
    const messages = (rest + part).split('\0');
    rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      const asked = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) asked?.reject(new Error(message.error.message));
      else asked?.resolve(message.result);
    }
  });
  child.on('exit', (code) => waiting.forEach((asked) => asked.reject(new Error(`the browser ended: ${code}`))));
  const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    waiting.set(++count, { resolve, reject });
    child.stdio[3].write(`${JSON.stringify({ id: count, method, params, sessionId })}\0`);
  });

  async function openPage(url) {
    const { targetId } = await send('Target.createTarget', { url });
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
    const evaluate = async (expression) => {
      const { result, exceptionDetails: wrong } =
        await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
      if (wrong) throw new Error(wrong.exception?.description ?? wrong.text);
      return result.value;
    };
    const screenshot = async () =>
      Buffer.from((await send('Page.captureScreenshot', { format: 'png' }, sessionId)).data, 'base64');
    return { evaluate, screenshot };
  }

  const ended = new Promise((resolve) => child.on('exit', resolve));
  async function close() {
    send('Browser.close').catch(() => {});
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }
  return { openPage, close };
}
