package syncproof;

import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.salesforce.AuthenticationType;
import org.apache.camel.component.salesforce.SalesforceComponent;
import org.apache.camel.impl.DefaultCamelContext;

/** Logs in, upserts, queries, calls composite and hears change events; ends with 0 when all went as in Salesforce. */
public final class CamelClient {
    public static void main(String[] args) throws Exception {
        String loginUrl = args[0];
        SalesforceComponent salesforce = new SalesforceComponent();
        salesforce.setLoginUrl(loginUrl);
        salesforce.setInstanceUrl(loginUrl);
        salesforce.setClientId(args[1]);
        salesforce.setClientSecret(args[2]);
        salesforce.setUserName(args[3]);
        salesforce.setPassword(args[4]);
        salesforce.setAuthenticationType(AuthenticationType.USERNAME_PASSWORD);
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (DefaultCamelContext camel = new DefaultCamelContext()) {
            camel.addComponent("salesforce", salesforce);
            camel.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    from("salesforce:subscribe:data/ContactChangeEvent?replayId=-1&rawPayload=true")
                        .process(exchange -> heard.add(exchange.getIn().getBody(String.class)));
                }
            });
            camel.start();
            ProducerTemplate template = camel.createProducerTemplate();
            String upsert = "salesforce:upsertSObject?rawPayload=true&sObjectName=Contact&sObjectIdName=EHR_Key__c";
            Map<String, Object> key = Map.of("sObjectIdValue", "camel 1|é");
            expect(template.requestBodyAndHeaders(upsert, "{\"LastName\":\"Camel\"}", key, String.class), "\"created\":true");
            expect(template.requestBodyAndHeaders(upsert, "{\"FirstName\":\"Ada\"}", key, String.class), "\"success\":true");
            String query = "salesforce:query?rawPayload=true&sObjectQuery=SELECT Id, FirstName FROM Contact WHERE LastName = 'Camel'";
            expect(template.requestBody(query, null, String.class), "\"totalSize\":1");
            String composite = "{\"allOrNone\":true,\"compositeRequest\":[{\"method\":\"POST\",\"referenceId\":\"one\","
                + "\"url\":\"/services/data/v60.0/sobjects/Contact\",\"body\":{\"LastName\":\"Composite\"}}]}";
            expect(template.requestBody("salesforce:composite?rawPayload=true&compositeMethod=POST", composite, String.class),
                "\"httpStatusCode\":201");
            String first = heard.poll(20, TimeUnit.SECONDS);
            expect(String.valueOf(first), "\"changeType\":\"CREATE\"");
            System.out.println("camel-salesforce: login, upsert, query, composite, change events");
        }
        System.exit(0);
    }

    private static void expect(String answer, String part) {
        if (!String.valueOf(answer).replace(" ", "").contains(part)) {
            System.err.println("expected " + part + " in " + answer);
            System.exit(1);
        }
    }
}
