# What somebody changed by hand is found and mended; what we never set is left alone.

drift "a Deployment scaled by hand" "Deployment/ingress/traefik spec.replicas" "$kubectl" -n ingress scale deployment traefik --replicas 0
drift "a ConfigMap edited" "ConfigMap/ingress/traefik" "$kubectl" -n ingress patch configmap traefik --type merge -p '{"data":{"tls.yaml":"tls: {}"}}'
drift "a Service deleted" "Service/ingress/traefik-metrics" "$kubectl" -n ingress delete service traefik-metrics
"$kubectl" -n ingress patch deployment traefik --type merge -p '{"spec":{"minReadySeconds":1},"metadata":{"annotations":{"team":"web"}}}' >/dev/null
check "fields that we never set are no drift" exits 0 "$slipway" plan "$spec" --detailed-exitcode
check "and stay" equals 1 "$kubectl" -n ingress get deployment traefik -o 'jsonpath={.spec.minReadySeconds}'
