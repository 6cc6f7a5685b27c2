// Package quant turns a trained float network into an int8 one, with no
// labels: a hundred representative inputs are enough.
//
//	m, err := quant.Open("mobilenet.onnx", quant.OpenOptions{})
//	res, err := m.Quantize(ctx, samples, quant.Options{})
//	err = ermfmt.Encode(w, res.Model)
//
// Weights are symmetric per output channel, activations asymmetric per tensor
// with ranges chosen by the error they cause. What the arithmetic is, is in
// docs/arithmetic.md; how ranges are chosen, in docs/quantization.md.
//
// The result depends on the model, the samples and the options, and not on the
// number of threads.
package quant
