/** What was recorded by mistake never was: FHIR keeps it, and everybody else treats it as deleted. */
export function isInError(image: object): boolean {
  const { status, verificationStatus } = image as { status?: string; verificationStatus?: { coding?: { code?: string }[] } };
  return status === 'entered-in-error' || verificationStatus?.coding?.some(({ code }) => code === 'entered-in-error') === true;
}

/** The chart that took over, as a merged-away patient names it. */
export const replacement = (image: object): string | undefined =>
  (image as { link?: { type?: string; other?: { reference?: string } }[] }).link?.find((link) => link.type === 'replaced-by')
    ?.other?.reference;

export const isReplaced = (image: object): boolean => replacement(image) !== undefined;

/** A merged-away person's things belong to whoever took over; a chain of merges is followed, a circle is not. */
export function survivingPatient<T extends object>(
  reference: string,
  resolve?: (reference: string) => T | null | undefined,
): T | null {
  let image = resolve?.(reference) ?? null;
  for (let hops = 0; image && hops < 8; hops++) {
    const next = replacement(image);
    if (next === undefined) break;
    image = resolve?.(next) ?? null;
  }
  return image;
}
