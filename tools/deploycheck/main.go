// Command deploycheck builds a kustomization as "kubectl apply -k" does, decodes
// every object strictly into its type of the Kubernetes API, and holds its pods
// to the Pod Security Standard "restricted". It needs no cluster and no network.
// It prints one line an object.
package main

import (
	"errors"
	"fmt"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: deploycheck folder")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
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
		return yaml.UnmarshalStrict(text, &networkingv1.NetworkPolicy{})
	case "batch/v1/CronJob":
		var job batchv1.CronJob
		if err := yaml.UnmarshalStrict(text, &job); err != nil {
			return err
		}
		return checkPod(&job.Spec.JobTemplate.Spec.Template)
	}
	return fmt.Errorf("no type for %s", kind)
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
