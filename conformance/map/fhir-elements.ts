/**
 * Top-level elements of the resource types that a map may mirror (FHIR R4), so that a slip such as `Patient.nme`, which
 * compiles and is always empty, is found. Choice elements by their stem, as FHIRPath names them.
 */
export const ELEMENTS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [
    'Patient identifier active name telecom gender birthDate deceased address maritalStatus multipleBirth photo contact communication generalPractitioner managingOrganization link',
    'Appointment identifier status cancelationReason serviceCategory serviceType specialty appointmentType reasonCode reasonReference priority description supportingInformation start end minutesDuration slot created comment patientInstruction basedOn participant requestedPeriod',
    'Encounter identifier status statusHistory class classHistory type serviceType priority subject episodeOfCare basedOn participant appointment period length reasonCode reasonReference diagnosis account hospitalization location serviceProvider partOf',
    'Consent identifier status scope category patient dateTime performer organization source policy policyRule verification provision',
    'Condition identifier clinicalStatus verificationStatus category severity code bodySite subject encounter onset abatement recordedDate recorder asserter stage evidence note',
    'ServiceRequest identifier instantiatesCanonical instantiatesUri basedOn replaces requisition status intent category priority doNotPerform code orderDetail quantity subject encounter occurrence asNeeded authoredOn requester performerType performer locationCode locationReference reasonCode reasonReference insurance supportingInfo specimen bodySite note patientInstruction relevantHistory',
    'Observation identifier basedOn partOf status category code subject focus encounter effective issued performer value dataAbsentReason interpretation note bodySite method specimen device referenceRange hasMember derivedFrom component',
    'AllergyIntolerance identifier clinicalStatus verificationStatus type category criticality code patient encounter onset recordedDate recorder asserter lastOccurrence note reaction',
    'MedicationRequest identifier status statusReason intent category priority doNotPerform reported medication subject encounter supportingInformation authoredOn requester performer performerType recorder reasonCode reasonReference instantiatesCanonical instantiatesUri basedOn groupIdentifier courseOfTherapyType insurance note dosageInstruction dispenseRequest substitution priorPrescription detectedIssue eventHistory',
    'Immunization identifier status statusReason vaccineCode patient encounter occurrence recorded primarySource reportOrigin location manufacturer lotNumber expirationDate site route doseQuantity performer note reasonCode reasonReference isSubpotent subpotentReason education programEligibility fundingSource reaction protocolApplied',
    'Coverage identifier status type policyHolder subscriber subscriberId beneficiary dependent relationship period payor class order network costToBeneficiary subrogation contract',
  ].map((line) => {
    const [type, ...elements] = line.split(' ');
    return [
      type,
      ['id', 'meta', 'implicitRules', 'language', 'text', 'contained', 'extension', 'modifierExtension', ...elements],
    ];
  }),
);
