// WeCom's own library at the other end of a pipe, for the test of internal/wecom/callback: reads a JSON list of jobs from
// standard input and writes the list of their answers.
import { decrypt, encrypt, getSignature } from "@wecom/crypto";

const jobs = {
  seal: ({ key, text, id }) => ({ sealed: encrypt(key, text, id) }),
  open: ({ key, sealed }) => {
    const { message, id } = decrypt(key, sealed);
    return { text: message, id };
  },
  sign: ({ token, timestamp, nonce, sealed }) => ({ signature: getSignature(token, timestamp, nonce, sealed) }),
};

const parts = [];
for await (const part of process.stdin) parts.push(part);
const answers = JSON.parse(Buffer.concat(parts).toString("utf8")).map((job) => jobs[job.do](job));
process.stdout.write(JSON.stringify(answers));
