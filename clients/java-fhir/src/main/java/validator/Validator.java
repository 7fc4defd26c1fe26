package validator;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.StructureDefinition;

/**
 * Validates the R4 resource on each line of its input against the base definitions, or the profile whose address stands before
 * it, with a tab between; prints the errors, one line each. Arguments: files with lists of StructureDefinitions.
 */
public class Validator {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    FhirContext context = FhirContext.forR4();
    ValidationSupportChain support = new ValidationSupportChain(
        new DefaultProfileValidationSupport(context),
        profiles(context, args),
        new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context));
    FhirInstanceValidator instance = new FhirInstanceValidator(support);
    // LOINC, SNOMED CT, CVX and the sites' own systems are not to be had here.
    instance.setAnyExtensionsAllowed(true);
    FhirValidator validator = context.newValidator().registerValidatorModule(instance);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int number = 0;
    for (String line = in.readLine(); line != null; line = in.readLine(), number++) {
      int tab = line.indexOf('\t');
      ValidationOptions options = new ValidationOptions();
      if (tab > 0) options.addProfile(line.substring(0, tab));
      String resource = line.substring(tab + 1);
      for (SingleValidationMessage message : validator.validateWithResult(resource, options).getMessages()) {
        if (message.getSeverity().ordinal() < ResultSeverityEnum.ERROR.ordinal()) continue;
        out.println(number + "\t" + message.getLocationString() + "\t" + message.getMessage().replaceAll("\\s+", " "));
      }
    }
    out.println("validated " + number);
  }

  private static PrePopulatedValidationSupport profiles(FhirContext context, String[] files) throws Exception {
    PrePopulatedValidationSupport known = new PrePopulatedValidationSupport(context);
    for (String file : files) {
      JsonNode found = new ObjectMapper().readTree(Files.readString(Path.of(file)));
      for (JsonNode one : found.isArray() ? found : List.of(found))
        known.addStructureDefinition(context.newJsonParser().parseResource(StructureDefinition.class, one.toString()));
    }
    return known;
  }
}
