/** One DER element: tag, length, content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff);
  const head = body.length < 0x80 ? [tag, body.length] : [tag, 0x80 | length.length, ...length];
  return Buffer.concat([Buffer.from(head), body]);
}

const sequence = (...content: Buffer[]): Buffer => der(0x30, ...content);
const setOf = (...content: Buffer[]): Buffer => der(0x31, ...content);
const octets = (content: Buffer): Buffer => der(0x04, content);
const explicit = (content: Buffer): Buffer => der(0xa0, content);

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number);
  const bytes = [40 * first + second, ...arcs].flatMap((arc) => {
    const septets = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) septets.unshift(0x80 | (rest & 0x7f));
    return septets;
  });
  return der(0x06, Buffer.from(bytes));
}

/** A BMPString: two bytes a letter, the high one first. */
const wide = (text: string): Buffer => der(0x1e, Buffer.from(text, 'utf16le').swap16());

const DATA = oid('1.2.840.113549.1.7.1');
const CERT_BAG = oid('1.2.840.113549.1.12.10.1.3');
const X509_CERTIFICATE = oid('1.2.840.113549.1.9.22.1');
const FRIENDLY_NAME = oid('1.2.840.113549.1.9.20');
/** Oracle's attribute without which Java takes a certificate in a PKCS #12 file for no trust anchor; its value: any use. */
const JAVA_TRUSTED_KEY_USAGE = oid('2.16.840.1.113894.746875.1.1');
const ANY_USE = oid('2.5.29.37.0');

const content = (bytes: Buffer): Buffer => sequence(DATA, explicit(octets(bytes)));

/**
 * The PEM certificate as a PKCS #12 file (RFC 7292), for stacks that take no PEM, Java's first of all. It holds no key, so
 * it is neither encrypted nor sealed: any password opens it, as does none.
 */
export function trustStore(pem: string, name = 'syncproof'): Buffer {
  const certificate = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const bag = sequence(
    CERT_BAG,
    explicit(sequence(X509_CERTIFICATE, explicit(octets(certificate)))),
    setOf(sequence(FRIENDLY_NAME, setOf(wide(name))), sequence(JAVA_TRUSTED_KEY_USAGE, setOf(ANY_USE))),
  );
  const version = der(0x02, Buffer.from([3]));
  return sequence(version, content(sequence(content(sequence(bag)))));
}
