// Command deploycheck builds a kustomization as "kubectl apply -k" does, decodes
// every object strictly into its type of the Kubernetes API, and holds its pods
// to the Pod Security Standard "restricted". It needs no cluster and no network.
// It prints one line an object. With --openshift it asks for what that cluster does:
// no user or group of our own, and names on port 5353.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// openShift tells whose rules hold beside those of Kubernetes.
var openShift = flag.Bool("openshift", false, "the folder is for OpenShift")

func main() {
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: deploycheck [--openshift] folder")
		os.Exit(2)
	}
	if err := check(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "deploycheck:", err)
		os.Exit(1)
	}
}

func check(dir string) error {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return fmt.Errorf("build %s: %w", dir, err)
	}
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		if err == nil {
			err = checkObject(resource.GetApiVersion()+"/"+resource.GetKind(), text)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", resource.GetKind(), resource.GetName(), err)
		}
		fmt.Printf("%s %s %s: valid\n", resource.GetApiVersion(), resource.GetKind(), resource.GetName())
	}
	return nil
}

// checkObject decodes an object; a field that its type does not have, or that is
// there twice, is an error. So is a kind that is not expected here.
func checkObject(kind string, text []byte) error {
	switch kind {
	case "v1/Namespace":
		return yaml.UnmarshalStrict(text, &corev1.Namespace{})
	case "v1/ServiceAccount":
		return yaml.UnmarshalStrict(text, &corev1.ServiceAccount{})
	case "v1/ConfigMap":
		return yaml.UnmarshalStrict(text, &corev1.ConfigMap{})
	case "networking.k8s.io/v1/NetworkPolicy":
		var network networkingv1.NetworkPolicy
		if err := yaml.UnmarshalStrict(text, &network); err != nil {
			return err
		}
		if !slices.Contains(network.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
			return nil // it lets somebody in
		}
		return checkNetwork(&network)
	case "v1/Service":
		return yaml.UnmarshalStrict(text, &corev1.Service{})
	case "policy/v1/PodDisruptionBudget":
		return yaml.UnmarshalStrict(text, &policyv1.PodDisruptionBudget{})
	case "autoscaling/v2/HorizontalPodAutoscaler":
		return yaml.UnmarshalStrict(text, &autoscalingv2.HorizontalPodAutoscaler{})
	case "apps/v1/Deployment":
		var deployment appsv1.Deployment
		if err := yaml.UnmarshalStrict(text, &deployment); err != nil {
			return err
		}
		return errors.Join(checkPod(&deployment.Spec.Template), checkProbes(&deployment.Spec.Template.Spec))
	case "batch/v1/CronJob":
		var job batchv1.CronJob
		if err := yaml.UnmarshalStrict(text, &job); err != nil {
			return err
		}
		return errors.Join(checkPod(&job.Spec.JobTemplate.Spec.Template), checkLater(&job.Spec.JobTemplate.Spec))
	}
	return fmt.Errorf("no type for %s", kind)
}

// checkProbes says which container that runs for good nobody restarts where it hangs.
func checkProbes(pod *corev1.PodSpec) error {
	var problems []error
	for i := range pod.Containers {
		if pod.Containers[i].LivenessProbe == nil {
			problems = append(problems, fmt.Errorf("container %s: no liveness probe", pod.Containers[i].Name))
		}
	}
	return errors.Join(problems...)
}

// checkLater says which containers of a job have no rule by which 75, try later, is no
// failure: a migration waits for runs, and ends with it as they do.
func checkLater(job *batchv1.JobSpec) error {
	ignored := make(map[string]bool)
	for i := range job.PodFailurePolicy.Rules {
		rule := &job.PodFailurePolicy.Rules[i]
		if codes := rule.OnExitCodes; codes != nil && codes.ContainerName != nil && rule.Action == batchv1.PodFailurePolicyActionIgnore {
			ignored[*codes.ContainerName] = slices.Contains(codes.Values, 75)
		}
	}
	var problems []error
	for _, container := range slices.Concat(job.Template.Spec.InitContainers, job.Template.Spec.Containers) {
		if !ignored[container.Name] {
			problems = append(problems, fmt.Errorf("container %s: exit code 75 counts as a failure", container.Name))
		}
	}
	return errors.Join(problems...)
}

// checkNetwork says which ports that Rollcall needs are closed: names, also on the node
// itself, the API, a database and its pooler.
func checkNetwork(network *networkingv1.NetworkPolicy) error {
	open := make(map[int]bool)
	onNode := false
	for _, rule := range network.Spec.Egress {
		for _, port := range rule.Ports {
			open[port.Port.IntValue()] = true
		}
		for _, to := range rule.To {
			onNode = onNode || to.IPBlock != nil && to.IPBlock.CIDR == "169.254.20.10/32"
		}
	}
	var problems []error
	needed := []int{53, 443, 5432, 6432}
	if *openShift {
		needed = append(needed, 5353)
	}
	for _, port := range needed {
		if !open[port] {
			problems = append(problems, fmt.Errorf("port %d is closed", port))
		}
	}
	if !onNode {
		problems = append(problems, errors.New("names that the node itself answers (NodeLocal DNSCache) are closed"))
	}
	return errors.Join(problems...)
}

// checkPod says which rules of "restricted" a pod breaks, and which of its
// containers has no request or no limit.
func checkPod(pod *corev1.PodTemplateSpec) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return fmt.Errorf("read the pod security standards: %w", err)
	}
	var problems []error
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			problems = append(problems, fmt.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail))
		}
	}
	if own := pod.Spec.SecurityContext; *openShift && own != nil && (own.RunAsUser != nil || own.RunAsGroup != nil || own.FSGroup != nil) {
		problems = append(problems, errors.New("it names a user or a group, which lies outside the namespace's range"))
	}
	for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := container.Resources.Requests[name], container.Resources.Limits[name]
			if request.Sign() <= 0 || limit.Sign() <= 0 {
				problems = append(problems, fmt.Errorf("container %s: no request or no limit of %s", container.Name, name))
			}
		}
	}
	return errors.Join(problems...)
}
