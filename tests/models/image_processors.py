"""preprocessor_config.json of models that read images of 24 x 24 pixels, as image processors write them."""

SIDE = 24
HALF_NORM = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
CLIP_NORM = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}

PROCESSORS = {
    "vit": {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": SIDE, "width": SIDE}, "resample": 2,
            "do_rescale": True, "rescale_factor": 0.00392156862745098, "do_normalize": True, **HALF_NORM},
    "clip": {"feature_extractor_type": "CLIPFeatureExtractor", "do_resize": True, "size": SIDE, "resample": 3,
             "do_center_crop": True, "crop_size": SIDE, "do_normalize": True, **CLIP_NORM},
    "deit": {"image_processor_type": "DeiTImageProcessor", "size": {"height": 28, "width": 28}, "resample": 3,
             "do_center_crop": True, "crop_size": {"height": SIDE, "width": SIDE},
             "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]},
    "bit": {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 27}, "resample": 3, "do_convert_rgb": True,
            "do_center_crop": True, "crop_size": {"height": SIDE, "width": SIDE}},
    "convnext": {"image_processor_type": "ConvNextImageProcessorFast", "size": {"shortest_edge": SIDE}, "crop_pct": 0.875, "resample": 3},
    "convnext_384": {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 384, "resample": 3},
    "beit": {"image_processor_type": "BeitImageProcessor", "do_reduce_labels": False, "size": SIDE, "do_center_crop": False, "resample": 1,
             "do_rescale": False, "do_normalize": False},
    "mobilevit": {"image_processor_type": "MobileViTImageProcessor", "size": {"shortest_edge": 20}, "resample": 2,
                  "crop_size": {"height": SIDE, "width": SIDE}, "do_flip_channel_order": True},
    "nearest": {"image_processor_type": "ViTImageProcessor", "size": [SIDE, SIDE], "resample": 0, "do_normalize": False},
    "crop": {"image_processor_type": "CLIPImageProcessor", "do_resize": False, "crop_size": SIDE, "image_mean": 0.25, "image_std": 2},
}
