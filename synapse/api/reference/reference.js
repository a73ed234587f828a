// The API's page: its OpenAPI document, as Swagger UI shows it. The validator that it would ask elsewhere is off.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
});
