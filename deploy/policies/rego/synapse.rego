# The rules of ../kyverno for conftest and OPA: conftest test --policy deploy/policies/rego RENDERED.yaml
package main

import rego.v1

workload if input.kind in {"Deployment", "StatefulSet", "Job"}

pod := input.spec.template.spec if workload

containers contains container if some container in pod.containers

containers contains container if some container in pod.initContainers

worker if input.spec.template.metadata.labels["synapse.io/role"] == "worker"

pinned(image) if regex.match(`@sha256:[0-9a-f]{64}$`, image)

pinned(image) if {
	regex.match(`:[^/:]+$`, image)
	not endswith(image, ":latest")
}

bounded(container) if {
	container.resources.limits.memory
	container.resources.requests.cpu
}

counted(trigger) if trigger.type != "rabbitmq"

counted(trigger) if {
	trigger.metadata.protocol == "http"
	trigger.metadata.excludeUnacknowledged == "false"
}

deny contains "an image has a digest, or a tag that is not latest" if {
	some container in containers
	not pinned(container.image)
}

deny contains "a container cannot write to its image" if {
	some container in containers
	not container.securityContext.readOnlyRootFilesystem
}

deny contains "a container has bounds of memory and a share of the processor" if {
	some container in containers
	not bounded(container)
}

deny contains "a pod has no token of the cluster" if {
	workload
	not pod.automountServiceAccountToken == false
}

deny contains "no variable holds a password" if {
	some container in containers
	some variable in container.env
	regex.match(`://[^/]*:[^/]*@`, variable.value)
}

deny contains "a worker has longer than 240 seconds to finish its steps" if {
	worker
	not pod.terminationGracePeriodSeconds > 240
}

deny contains "messages that workers hold are counted, over HTTP" if {
	input.kind == "ScaledObject"
	some trigger in input.spec.triggers
	not counted(trigger)
}

deny contains "the last worker stays for longer than 240 seconds" if {
	input.kind == "ScaledObject"
	not input.spec.cooldownPeriod > 240
}
