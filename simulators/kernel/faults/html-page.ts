import { defineFault } from '../hooks.ts';
import { NO_HEADERS } from './no-headers.ts';

const PAGE = `<!DOCTYPE html>
<html><head><title>Maintenance</title></head>
<body><h1>We will be right back</h1><p>Reference: 0.1f2e3d4c</p></body></html>
`;

export const htmlPage = defineFault({
  name: 'html-page',
  family: 'content',
  doc: "A page in HTML comes in place of the answer, with a status of success: a proxy's, or that of a login form. The request was served.",
  params: { status: { type: 'number', doc: 'status of the page', default: 200, range: [200, 599] } },
  notIn: NO_HEADERS,
  hooks: {
    body: (exchange, { status }) => {
      exchange.reply = { status: Number(status), headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE };
    },
  },
  colour: '#831843',
});
